import OCI

/// What peers say of tags, for as long as their word counts. Bounded like the index of blobs.
struct ReferenceIndex: Sendable {
    struct Claim: Sendable, Equatable {
        var digest: Digest
        var mediaType: MediaType
        /// When the registry said so, by this node's own clock that nobody sets.
        var knownGood: ContinuousClock.Instant
    }

    private let limitPerPeer: Int
    private let limit: Int
    private var claims: [ImageReference: [HolderIndex.Handle: Claim]] = [:]
    private var made: [HolderIndex.Handle: Set<ImageReference>] = [:]
    private(set) var count = 0

    init(limitPerPeer: Int, limit: Int) {
        self.limitPerPeer = limitPerPeer
        self.limit = limit
    }

    func claims(for reference: ImageReference) -> [HolderIndex.Handle: Claim] { claims[reference] ?? [:] }

    mutating func insert(_ entry: ReferenceEntry, of handle: HolderIndex.Handle, now: ContinuousClock.Instant) {
        if claims[entry.reference]?[handle] == nil {
            guard count < limit, made[handle]?.count ?? 0 < limitPerPeer else { return }
            count += 1
            made[handle, default: []].insert(entry.reference)
        }
        let age = Duration.seconds(Int64(min(entry.ageSeconds, BeaconLimits.age)))
        claims[entry.reference, default: [:]][handle] = Claim(
            digest: entry.digest, mediaType: entry.mediaType, knownGood: now - age)
    }

    mutating func remove(_ reference: ImageReference, of handle: HolderIndex.Handle) {
        guard made[handle]?.remove(reference) != nil else { return }
        release(reference, of: handle)
    }

    mutating func removeAll(of handle: HolderIndex.Handle) {
        for reference in made[handle] ?? [] { release(reference, of: handle) }
        made[handle] = nil
    }

    private mutating func release(_ reference: ImageReference, of handle: HolderIndex.Handle) {
        count -= 1
        claims[reference]?[handle] = nil
        if claims[reference]?.isEmpty == true { claims[reference] = nil }
    }
}
