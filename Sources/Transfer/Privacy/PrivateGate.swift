public import Logging
import OCI
import Synchronization

/// Who may have what upstream does not hand out to anybody: `share.private = "verify"`.
///
/// What a client of the mirror wants from this node's store or from peers it gets once upstream has confirmed, with this node's credentials or
/// with what the client sent itself, that it may have it. What is public costs no question. Off, it lets everything pass and asks
/// nobody. Safe from any thread.
public final class PrivateGate: Sendable {
    /// What a client may have.
    enum Admission: Equatable, Sendable {
        /// The content, wherever it is.
        case anywhere
        /// What upstream itself gives to it.
        case upstreamOnly
    }

    /// How long upstream is asked for a confirmation.
    static let deadline: Duration = .seconds(10)

    private struct State {
        var isOn: Bool
        var confirmations = Confirmations()
    }

    let knowledge: any PrivateKnowledge
    let upstream: UpstreamClient
    private let now: @Sendable () -> ContinuousClock.Instant
    private let logger: Logger
    private let state: Mutex<State>
    /// A runtime asks for many blobs at once; upstream is asked about their manifest once.
    private let flights = SingleFlight<Confirmations.Entry, PrivateStanding.Word>()

    /// - Parameter isOn: whether `share.private` is `"verify"`.
    public convenience init(isOn: Bool, knowledge: any PrivateKnowledge, upstream: UpstreamClient, logger: Logger) {
        self.init(isOn: isOn, knowledge: knowledge, upstream: upstream, logger: logger, now: { .now })
    }

    init(
        isOn: Bool, knowledge: any PrivateKnowledge, upstream: UpstreamClient, logger: Logger,
        now: @escaping @Sendable () -> ContinuousClock.Instant
    ) {
        self.knowledge = knowledge
        self.upstream = upstream
        self.logger = logger
        self.now = now
        state = Mutex(State(isOn: isOn))
    }

    /// May be changed while running.
    public var isOn: Bool {
        get { state.withLock { $0.isOn } }
        set { state.withLock { $0.isOn = newValue } }
    }

    // MARK: Manifests

    /// What a client may have of a manifest of a repository. Asks upstream where nobody knows.
    /// - Throws: ``FetchError`` where it may have nothing: upstream said no, or cannot be asked.
    func admission(
        of manifest: Digest, at origin: Origin, as identity: UpstreamIdentity
    ) async throws -> Admission {
        guard isOn else { return .anywhere }
        let entry = entry(manifest, origin, identity)
        let standing = standing(of: entry)
        switch standing.step {
        case .admit: return .anywhere
        case .fetch: return .upstreamOnly
        case .ask:
            let word = try await word(about: entry, as: identity)
            guard standing.isAdmitted(on: word) else { throw Self.refusal(of: "\(origin)@\(manifest)", word) }
            return .anywhere
        }
    }

    /// Whether a client may have a manifest of a repository by what is known; upstream is not asked.
    func admitsUnasked(_ manifest: Digest, at origin: Origin, as identity: UpstreamIdentity) -> Bool {
        guard isOn else { return true }
        var effort = Effort()
        return isHad(
            manifest, at: .registry(origin), upstream.principal(of: identity, at: origin.registry), &effort)
    }

    /// Upstream has named a manifest to a client, without its bytes.
    func named(_ manifest: Digest, at origin: Origin, as identity: UpstreamIdentity, anonymous: Bool) {
        guard isOn else {
            if anonymous { knowledge.handedOut(manifest, at: origin) }
            return
        }
        let entry = entry(manifest, origin, identity)
        // Any registry can name any digest.
        if standing(of: entry).step != .fetch { note(anonymous ? .anybody : .client, entry) }
    }

    /// Upstream has given a client a manifest, and its bytes were right.
    func gave(_ manifest: Digest, at origin: Origin, as identity: UpstreamIdentity, anonymous: Bool) {
        if isOn {
            note(anonymous ? .anybody : .client, entry(manifest, origin, identity))
        } else if anonymous {
            knowledge.handedOut(manifest, at: origin)
        }
    }

    // MARK: What is known

    func entry(
        _ digest: Digest, as kind: ContentKind = .manifest, _ origin: Origin, _ identity: UpstreamIdentity
    ) -> Confirmations.Entry {
        Confirmations.Entry(
            principal: upstream.principal(of: identity, at: origin.registry), origin: origin, digest: digest, kind: kind
        )
    }

    func isConfirmed(_ entry: Confirmations.Entry) -> Bool {
        state.withLock { $0.confirmations.contains(entry, now: now()) }
    }

    /// When upstream's last yes ends, or ended.
    func lastConfirmation(_ entry: Confirmations.Entry) -> ContinuousClock.Instant? {
        state.withLock { $0.confirmations.end(entry) }
    }

    func standing(of entry: Confirmations.Entry) -> PrivateStanding {
        let (digest, place) = (entry.digest, ContentPlace.registry(entry.origin))
        var standing = PrivateStanding()
        standing.publicity = knowledge.publicity(of: digest, at: entry.origin)
        standing.isConfirmed = isConfirmed(entry)
        guard standing.step != .admit else { return standing }
        let isKnown = isKnown(digest, to: place)
        // Docker Hub does not say of what it has not that it has it; and what is more than a HEAD it counts as a pull.
        standing.isOfRepository = isKnown || entry.origin.registry == .dockerHub
        guard isKnown else { return standing }
        var effort = Effort()
        standing.isNamed = isNamed(digest, at: place, entry.principal, &effort)
        return standing
    }

    /// Whether a manifest is known to belong there; peers are heard only where this node's own records do not say so.
    private func isKnown(_ manifest: Digest, to place: ContentPlace) -> Bool {
        knowledge.places(of: manifest).contains(place) || knowledge.claimedPlaces(of: manifest).contains(place)
    }

    // MARK: What upstream says

    /// Asks upstream about a manifest, once for all who ask at the same time.
    func word(
        about entry: Confirmations.Entry, as identity: UpstreamIdentity
    ) async throws -> PrivateStanding.Word {
        try await flights.run(entry) { await self.ask(about: entry, as: identity) }
    }

    /// Asks upstream for a blob that no manifest is known to name.
    func confirm(
        blob: Digest, at origin: Origin, as identity: UpstreamIdentity
    ) async throws -> PrivateStanding.Word {
        let entry = entry(blob, as: .blob, origin, identity)
        return try await flights.run(entry) {
            let word: PrivateStanding.Word
            do throws(UpstreamError) {
                _ = try await self.upstream.blobHead(blob, at: origin, as: identity, deadline: Self.deadline)
                word = .client
            } catch {
                word = self.word(of: error, about: entry)
            }
            self.note(word, entry)
            return word
        }
    }

    private func ask(about entry: Confirmations.Entry, as identity: UpstreamIdentity) async -> PrivateStanding.Word {
        let word: PrivateStanding.Word
        do throws(UpstreamError) {
            let head = try await upstream.head(
                .digest(entry.digest), at: entry.origin, as: identity, accept: MediaType.manifestAccept,
                deadline: Self.deadline)
            let isOther = head.digest.map { $0 != entry.digest } ?? false
            word = isOther ? .no : head.anonymous ? .anybody : .client
        } catch {
            word = self.word(of: error, about: entry)
        }
        note(word, entry)
        return word
    }

    private func word(of error: UpstreamError, about entry: Confirmations.Entry) -> PrivateStanding.Word {
        logger.debug(
            "upstream does not confirm that somebody may have an image",
            metadata: ["image": "\(entry.origin)@\(entry.digest)", "reason": "\(error.message)"])
        return switch error.code {
        case .unreachable, .throttled, .broken: .silence
        case .notFound, .needsCredentials, .denied, .notAllowed, .rangeUnsatisfiable: .no
        }
    }

    func note(_ word: PrivateStanding.Word, _ entry: Confirmations.Entry) {
        if word == .anybody { knowledge.handedOut(entry.digest, at: entry.origin) }
        state.withLock { state in
            switch word {
            case .anybody, .client: state.confirmations.insert(entry, now: now())
            case .no: state.confirmations.remove(entry)
            case .silence: break
            }
        }
    }

    static func refusal(of what: String, _ word: PrivateStanding.Word) -> FetchError {
        let why =
            word == .silence
            ? "upstream, which cannot be asked now, has not confirmed it lately"
            : "upstream does not confirm that whoever asks may have it"
        return FetchError(
            .notFound,
            "\(what) is private, and \(why) (share.private is \"verify\"); ask upstream itself, with credentials for it"
        )
    }
}
