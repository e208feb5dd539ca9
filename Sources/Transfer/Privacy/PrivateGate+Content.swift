import Integrity
import NIOCore
public import OCI

/// Blobs, and what is asked for by its digest alone.
extension PrivateGate {
    /// What a client may have of content that it asked for by its digest.
    public enum Leave: Equatable, Sendable {
        /// It, whatever it is: nobody is judged here, or it is the local namespace's, which looked at it when it came.
        case whatever
        /// It, as what it was asked for. A blob that turns out to be a manifest needs ``admit(manifestInBlob:at:as:)``, too.
        case asAsked
    }

    /// How many manifests upstream is asked about for the sake of one blob.
    private static let questions = 4
    /// Among how many manifests those are looked for.
    private static let candidates = 64

    /// Whether a client may have content that it asks for by digest. Asks upstream where nobody knows.
    ///
    /// A blob follows the manifests that name it, wherever those are from; a manifest follows nothing that names it as a blob. A blob that
    /// nothing is known of is asked of upstream itself.
    /// - Parameters:
    ///   - kind: as what it is asked for.
    ///   - origin: where the client says that it is; nil where it names no registry.
    /// - Throws: ``FetchError`` where it may not.
    @discardableResult
    public func admit(
        _ digest: Digest, kind: ContentKind = .blob, at origin: Origin?, as identity: UpstreamIdentity
    ) async throws -> Leave {
        guard isOn else { return .whatever }
        let isManifest = kind == .manifest || knowledge.isManifest(digest)
        let bearers: Set<Digest> = isManifest ? [digest] : knowledge.parents(of: digest)
        if let leave = leave(by: bearers, as: identity) { return leave }
        if let origin, isConfirmed(entry(digest, as: isManifest ? .manifest : .blob, origin, identity)) {
            return .asAsked
        }
        var word = PrivateStanding.Word.no
        let named = bearers.isEmpty ? [digest] : bearers.sorted()
        var asked = candidates(among: named, as: identity)
        // What nobody here has may be an image of the neighbours'.
        for bearer in named.prefix(Self.candidates) {
            let claimed = knowledge.claimedPlaces(of: bearer)
            guard !claimed.contains(.local) else { return .whatever }
            asked += claimed.compactMap { $0.origin.map { Candidate(manifest: bearer, origin: $0) } }
        }
        if asked.isEmpty, !isManifest, let origin {
            word = try await confirm(blob: digest, at: origin, as: identity)
            if word == .client { return .asAsked }
        }
        var questions = 0
        for candidate in Self.order(asked, origin, identity).prefix(Self.candidates) where questions < Self.questions {
            let entry = entry(candidate.manifest, candidate.origin, identity)
            let standing = standing(of: entry)
            switch standing.step {
            case .admit: return .asAsked
            // Upstream gives that itself, and not as this.
            case .fetch: continue
            case .ask:
                questions += 1
                word = try await self.word(about: entry, as: identity)
                if standing.isAdmitted(on: word) { return .asAsked }
            }
        }
        throw Self.refusal(of: "\(digest)", word)
    }

    /// Whether a client may have a manifest that it asked for as a blob, and was given leave to as one: what names it as a blob, and what a
    /// registry says of a blob, is no right to a manifest. Only the manifest's own rules are, and that the registry which the client named
    /// gives it: who can give it has it.
    /// - Throws: ``FetchError`` where it may not.
    public func admit(
        manifestInBlob digest: Digest, at origin: Origin?, as identity: UpstreamIdentity
    ) async throws {
        do {
            try await admit(digest, kind: .manifest, at: origin, as: identity)
        } catch {
            guard let origin, await gives(digest, at: origin, as: identity) else { throw error }
            note(.client, entry(digest, origin, identity))
        }
    }

    /// Whether a registry gives a client a blob that is no larger than a manifest.
    private func gives(_ blob: Digest, at origin: Origin, as identity: UpstreamIdentity) async -> Bool {
        do {
            var bytes: [UInt8] = []
            for try await chunk in try await upstream.blob(blob, at: origin, as: identity, range: nil).body {
                guard bytes.count + chunk.readableBytes <= ManifestDocument.maximumSize else { return false }
                bytes.append(contentsOf: chunk.readableBytesView)
            }
            return ContentHasher.digest(of: bytes, algorithm: blob.algorithm) == blob
        } catch {
            return false
        }
    }

    /// What a client may have by what is known of the manifests that name it; nil where that is not enough.
    private func leave(by bearers: Set<Digest>, as identity: UpstreamIdentity) -> Leave? {
        var (here, there) = (Effort(), Effort())
        if bearers.contains(where: { isHad($0, at: .local, nil, &here) }) { return .whatever }
        var principals = Principals(upstream: upstream, identity: identity)
        let isLetHave = bearers.contains { bearer in
            knowledge.places(of: bearer).contains { place in
                isHad(bearer, at: place, place.origin.map { principals[$0.registry] }, &there)
            }
        }
        return isLetHave ? .asAsked : nil
    }

    // MARK: Whom to ask about what

    /// A manifest that upstream may be asked about.
    private struct Candidate {
        var manifest: Digest
        var origin: Origin
        /// When upstream's last yes ends, or ended.
        var last: ContinuousClock.Instant?
    }

    private func candidates(among manifests: [Digest], as identity: UpstreamIdentity) -> [Candidate] {
        var (around, before) = (Effort(), Effort())
        var principals = Principals(upstream: upstream, identity: identity)
        var candidates: [Candidate] = []
        for manifest in manifests {
            for origin in places(leadingTo: manifest, &around).compactMap(\.origin) {
                guard candidates.count < Effort.limit else { return candidates }
                let principal = principals[origin.registry]
                let last = lastConfirmation(of: manifest, at: origin, as: principal, &before)
                candidates.append(Candidate(manifest: manifest, origin: origin, last: last))
            }
        }
        return candidates
    }

    /// What the client was let have last comes first: that is what it is pulling, while others that name the same blob may be gone from
    /// upstream. Then the repository that it named. What a client sent goes to the registry that it named and to no other.
    private static func order(
        _ candidates: [Candidate], _ named: Origin?, _ identity: UpstreamIdentity
    ) -> [Candidate] {
        let allowed = candidates.filter { candidate in
            if case .client = identity { candidate.origin.registry == named?.registry } else { true }
        }
        let confirmed = allowed.compactMap { candidate in candidate.last.map { (candidate, $0) } }
            .sorted { $0.1 > $1.1 }.map(\.0)
        let others = allowed.filter { $0.last == nil }
        return confirmed + others.filter { $0.origin == named } + others.filter { $0.origin != named }
    }
}

/// Who a client is to each registry: its credentials are looked up once.
private struct Principals {
    let upstream: UpstreamClient
    let identity: UpstreamIdentity
    private var known: [RegistryName: Principal] = [:]

    init(upstream: UpstreamClient, identity: UpstreamIdentity) {
        self.upstream = upstream
        self.identity = identity
    }

    subscript(registry: RegistryName) -> Principal {
        mutating get {
            if let principal = known[registry] { return principal }
            let principal = upstream.principal(of: identity, at: registry)
            known[registry] = principal
            return principal
        }
    }
}
