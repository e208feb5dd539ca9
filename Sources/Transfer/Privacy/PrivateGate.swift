public import Logging
public import OCI
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
    /// Indexes may name indexes; deeper than this nobody looks.
    private static let depth = 4
    /// How many manifests upstream is asked about for the sake of one blob.
    private static let questions = 4

    private struct State {
        var isOn: Bool
        var confirmations = Confirmations()
    }

    let knowledge: any PrivateKnowledge
    private let upstream: UpstreamClient
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
            let word = try await flights.run(entry) { await self.ask(about: entry, as: identity) }
            guard standing.isAdmitted(on: word) else { throw Self.refusal(of: "\(origin)@\(manifest)", word) }
            return .anywhere
        }
    }

    /// Whether a client may have a manifest of a repository by what is known; upstream is not asked.
    func admitsUnasked(_ manifest: Digest, at origin: Origin, as identity: UpstreamIdentity) -> Bool {
        guard isOn else { return true }
        return isHad(manifest, at: .registry(origin), as: identity)
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

    // MARK: Blobs, and what is asked for by its digest alone

    /// Whether a client may have content that it asks for by digest. Asks upstream where nobody knows.
    ///
    /// A blob follows the manifests that name it, wherever those are from; content that nothing is known of is asked of upstream itself.
    /// - Parameter origin: where the client says that it is; nil where it names no registry.
    /// - Throws: ``FetchError`` where it may not.
    public func admit(_ digest: Digest, at origin: Origin?, as identity: UpstreamIdentity) async throws {
        guard isOn else { return }
        let isManifest = knowledge.isManifest(digest)
        let bearers: Set<Digest> = isManifest ? [digest] : knowledge.parents(of: digest)
        if bearers.contains(where: { isHadSomewhere($0, as: identity) }) { return }
        if let origin, isConfirmed(entry(digest, origin, identity)) { return }
        var word = PrivateStanding.Word.no
        var candidates = bearers.sorted().flatMap { bearer in places(leadingTo: bearer).map { (bearer, $0) } }
        // What nobody here has may be an image of the neighbours'.
        for bearer in bearers.isEmpty ? [digest] : bearers {
            let claimed = knowledge.claimedPlaces(of: bearer)
            guard !claimed.contains(.local) else { return }
            candidates += claimed.map { (bearer, $0) }
        }
        if candidates.isEmpty, !isManifest, let origin {
            word = try await confirm(blob: digest, at: origin, as: identity)
            if word == .client { return }
        }
        for (bearer, asked) in Self.order(candidates, origin, identity).prefix(Self.questions) {
            if case .anywhere? = try? await admission(of: bearer, at: asked, as: identity) { return }
        }
        throw Self.refusal(of: "\(digest)", word)
    }

    /// The repositories to ask, the one that the client named first. What a client sent goes to the registry that it named and to no other.
    private static func order(
        _ candidates: [(Digest, ContentPlace)], _ named: Origin?, _ identity: UpstreamIdentity
    ) -> [(Digest, Origin)] {
        let allowed = candidates.compactMap { bearer, place in place.origin.map { (bearer, $0) } }.filter { _, origin in
            if case .client = identity { origin.registry == named?.registry } else { true }
        }
        return allowed.filter { $0.1 == named } + allowed.filter { $0.1 != named }
    }

    /// Asks upstream for a blob that no manifest is known to name.
    private func confirm(
        blob: Digest, at origin: Origin, as identity: UpstreamIdentity
    ) async throws -> PrivateStanding.Word {
        let entry = entry(blob, origin, identity)
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

    // MARK: What is known

    private func entry(_ digest: Digest, _ origin: Origin, _ identity: UpstreamIdentity) -> Confirmations.Entry {
        Confirmations.Entry(
            principal: upstream.principal(of: identity, at: origin.registry), origin: origin, digest: digest)
    }

    private func isConfirmed(_ entry: Confirmations.Entry) -> Bool {
        state.withLock { $0.confirmations.contains(entry, now: now()) }
    }

    private func standing(of entry: Confirmations.Entry) -> PrivateStanding {
        let (digest, place) = (entry.digest, ContentPlace.registry(entry.origin))
        var standing = PrivateStanding()
        standing.publicity = knowledge.publicity(of: digest, at: entry.origin)
        standing.isConfirmed = isConfirmed(entry)
        guard standing.step != .admit else { return standing }
        let places = knownPlaces(of: digest, unless: place)
        standing.isOfRepository = places.contains(place)
        standing.isNamed =
            (places.isEmpty || places.contains(place))
            && knowledge.parents(of: digest).contains { isHad($0, at: place, entry.principal, depth: 1) }
        return standing
    }

    /// Where a manifest belongs; peers are heard only where this node's own records do not know of `place`.
    private func knownPlaces(of manifest: Digest, unless place: ContentPlace) -> Set<ContentPlace> {
        let own = knowledge.places(of: manifest)
        return own.contains(place) ? own : own.union(knowledge.claimedPlaces(of: manifest))
    }

    private func isHad(_ manifest: Digest, at place: ContentPlace, as identity: UpstreamIdentity) -> Bool {
        isHad(manifest, at: place, place.origin.map { upstream.principal(of: identity, at: $0.registry) }, depth: 0)
    }

    /// Whether a manifest may be had by itself, or because an index of the same place may that names it. An index may name what is another's:
    /// that does not make it the index's.
    private func isHad(_ manifest: Digest, at place: ContentPlace, _ principal: Principal?, depth: Int) -> Bool {
        switch (place, principal) {
        case (.local, _):
            if knowledge.places(of: manifest).contains(.local) { return true }
        case (.registry(let origin), let principal?):
            if [Publicity.yes, .wasOnce].contains(knowledge.publicity(of: manifest, at: origin)) { return true }
            if isConfirmed(Confirmations.Entry(principal: principal, origin: origin, digest: manifest)) { return true }
        case (.registry, nil):
            return false
        }
        guard depth < Self.depth else { return false }
        let parents = knowledge.parents(of: manifest)
        guard parents.contains(where: { isHad($0, at: place, principal, depth: depth + 1) }) else { return false }
        // What a push names was looked at when it was pushed.
        guard place != .local else { return true }
        let places = knownPlaces(of: manifest, unless: place)
        return places.isEmpty || places.contains(place)
    }

    private func isHadSomewhere(_ manifest: Digest, as identity: UpstreamIdentity) -> Bool {
        isHad(manifest, at: .local, as: identity)
            || places(leadingTo: manifest).contains { isHad(manifest, at: $0, as: identity) }
    }

    /// Where a manifest, and what leads to it, belongs by this node's records.
    private func places(leadingTo manifest: Digest) -> Set<ContentPlace> {
        var places = knowledge.places(of: manifest)
        var level = knowledge.parents(of: manifest)
        for _ in 0..<Self.depth where !level.isEmpty {
            for parent in level { places.formUnion(knowledge.places(of: parent)) }
            level = level.reduce(into: []) { $0.formUnion(knowledge.parents(of: $1)) }
        }
        return places
    }

    // MARK: What upstream says

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

    private func note(_ word: PrivateStanding.Word, _ entry: Confirmations.Entry) {
        if word == .anybody { knowledge.handedOut(entry.digest, at: entry.origin) }
        state.withLock { state in
            switch word {
            case .anybody, .client: state.confirmations.insert(entry, now: now())
            case .no: state.confirmations.remove(entry)
            case .silence: break
            }
        }
    }

    private static func refusal(of what: String, _ word: PrivateStanding.Word) -> FetchError {
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
