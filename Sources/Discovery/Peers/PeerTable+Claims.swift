import OCI

/// What peers say of names. Nothing of it is kept where their word does not count.
extension PeerTable {
    typealias Claimed = (peer: Peer, claim: ReferenceIndex.Claim)

    /// Of living peers: the highest version first, without one the newest.
    func claims(for reference: ImageReference, now: ContinuousClock.Instant) -> [Claimed] {
        guard rules.believesReferences else { return [] }
        return Self.sorted(
            references.claims(for: reference).compactMap { handle, claim in
                alivePeer(handle, now: now).map { ($0, claim) }
            })
    }

    /// The same of all names of a repository of the local namespace that a living peer tells of.
    func claims(
        inRepository repository: RepositoryName, now: ContinuousClock.Instant
    ) -> [ImageReference: [Claimed]] {
        guard rules.believesReferences else { return [:] }
        // A peer tells of many names and is looked up once.
        var peers: [HolderIndex.Handle: Peer?] = [:]
        return references.claims(inRepository: repository).compactMapValues { claims in
            let alive = claims.compactMap { handle, claim -> Claimed? in
                let peer = peers[handle] ?? alivePeer(handle, now: now)
                peers[handle] = .some(peer)
                return peer.map { ($0, claim) }
            }
            return alive.isEmpty ? nil : Self.sorted(alive)
        }
    }

    /// The names that living peers give to a manifest.
    func names(of digest: Digest, now: ContinuousClock.Instant) -> Set<ImageReference> {
        guard rules.believesReferences else { return [] }
        let told = references.names(of: digest).filter { name in
            name.handles.contains { alivePeer($0, now: now) != nil }
        }
        return Set(told.map(\.reference))
    }

    private static func sorted(_ claims: [Claimed]) -> [Claimed] {
        claims.sorted {
            if $1.claim.isWeaker(than: $0.claim) { return true }
            return !$0.claim.isWeaker(than: $1.claim) && $0.peer.id < $1.peer.id
        }
    }
}
