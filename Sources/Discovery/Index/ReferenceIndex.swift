import OCI

/// What peers say of names, for as long as their word counts. Bounded like the index of blobs.
///
/// A name that many tell of takes the room of one and the claims. Where the index is full the same word from many goes first: what a name
/// means is known from a few.
struct ReferenceIndex: Sendable {
    struct Claim: Sendable, Equatable {
        /// Of a deleted name the last one that it had.
        var digest: Digest
        var mediaType: MediaType
        /// When the registry, or a push, said so, by this node's own clock that nobody sets.
        var knownGood: ContinuousClock.Instant
        var version: NameVersion?
        var isDeleted = false
        var subject: Digest?

        /// Whether the other word holds against this one: a higher version against a lower or none, and of two without one the
        /// newer.
        func isWeaker(than other: Claim) -> Bool {
            switch (version, other.version) {
            case (let own?, let theirs?): own < theirs
            case (nil, nil): knownGood < other.knownGood
            case (let own, _): own == nil
            }
        }
    }

    /// Of so many peers the word on one name is kept, the strongest.
    static let tellersPerName = 64

    private typealias Slot = Int
    private typealias Told = (handle: HolderIndex.Handle, claim: Claim)

    private struct Name: Sendable {
        var reference: ImageReference
        /// In the order of the telling.
        var told: [Told] = []
    }

    private let limitPerPeer: Int
    private let limit: Int
    private var slots: [ImageReference: Slot] = [:]
    private var names: [Name?] = []
    private var freeSlots: [Slot] = []
    /// What a peer tells of.
    private var made: [HolderIndex.Handle: Set<Slot>] = [:]
    /// Names of the local namespace.
    private var local: [RepositoryName: Set<Slot>] = [:]
    /// Pairs of name and peer.
    private(set) var count = 0

    init(limitPerPeer: Int, limit: Int) {
        self.limitPerPeer = limitPerPeer
        self.limit = limit
    }

    func claims(for reference: ImageReference) -> [(handle: HolderIndex.Handle, claim: Claim)] {
        slots[reference].flatMap { names[$0]?.told } ?? []
    }

    /// Of the local namespace.
    func claims(
        inRepository repository: RepositoryName
    ) -> [ImageReference: [(handle: HolderIndex.Handle, claim: Claim)]] {
        var claims: [ImageReference: [Told]] = [:]
        for case let name? in (local[repository] ?? []).map({ names[$0] }) { claims[name.reference] = name.told }
        return claims
    }

    /// The names that are said to mean a manifest now. Looks through all names.
    func names(of digest: Digest) -> [(reference: ImageReference, handles: [HolderIndex.Handle])] {
        names.compactMap { name in
            guard let name else { return nil }
            let handles = name.told.filter { $0.claim.digest == digest && !$0.claim.isDeleted }.map(\.handle)
            return handles.isEmpty ? nil : (reference: name.reference, handles: handles)
        }
    }

    /// Of the local namespace, in no order.
    var localRepositories: [RepositoryName] { Array(local.keys) }

    func count(of handle: HolderIndex.Handle) -> Int { made[handle]?.count ?? 0 }

    // MARK: Changing

    mutating func insert(_ entry: ReferenceEntry, of handle: HolderIndex.Handle, now: ContinuousClock.Instant) {
        let age = Duration.seconds(Int64(min(entry.ageSeconds, BeaconLimits.age)))
        let claim = Claim(
            digest: entry.digest, mediaType: entry.mediaType, knownGood: now - age, version: entry.version,
            isDeleted: entry.isDeleted, subject: entry.subject)
        remove(entry.reference, of: handle)
        guard count(of: handle) < limitPerPeer, makeRoom(for: claim, on: entry.reference) else { return }
        if count >= limit { thin() }
        if count >= limit { shed(inFavourOf: handle) }
        guard count < limit else { return }
        let slot = slots[entry.reference] ?? takeSlot(for: entry.reference)
        names[slot]?.told.append((handle, claim))
        made[handle, default: []].insert(slot)
        count += 1
    }

    mutating func remove(_ reference: ImageReference, of handle: HolderIndex.Handle) {
        guard let slot = slots[reference], made[handle]?.remove(slot) != nil else { return }
        release(slot, of: handle)
    }

    mutating func removeAll(of handle: HolderIndex.Handle) {
        for slot in made.removeValue(forKey: handle) ?? [] { release(slot, of: handle) }
    }

    // MARK: Room

    /// Whether the name has a place for one more claim: among many the weakest goes, and of equals the one that was told first.
    private mutating func makeRoom(for claim: Claim, on reference: ImageReference) -> Bool {
        guard let slot = slots[reference], let told = names[slot]?.told, told.count >= Self.tellersPerName else {
            return true
        }
        guard let weakest = told.min(by: { $0.claim.isWeaker(than: $1.claim) }), !claim.isWeaker(than: weakest.claim)
        else { return false }
        remove(reference, of: weakest.handle)
        return true
    }

    /// The index is full: of each name so many claims stay, the strongest, that a quarter of the index comes free. Where there are too
    /// many names for that it changes nothing.
    private mutating func thin() {
        let kept = limit * 3 / 4 / max(slots.count, 1)
        guard kept >= 1 else { return }
        for case let name? in names where name.told.count > kept {
            let weakest = name.told.sorted { $0.claim.isWeaker(than: $1.claim) }.dropLast(kept)
            for (handle, _) in weakest { remove(name.reference, of: handle) }
        }
    }

    /// There are too many names. Who fills the index makes room: the peer that tells the most loses a quarter, unless the one that asks
    /// is no better.
    private mutating func shed(inFavourOf handle: HolderIndex.Handle) {
        guard let (largest, told) = made.max(by: { $0.value.count < $1.value.count }),
            largest != handle, told.count > 2 * (count(of: handle) + 1)
        else { return }
        for slot in told.prefix(max(1, told.count / 4)) {
            made[largest]?.remove(slot)
            release(slot, of: largest)
        }
    }

    private mutating func takeSlot(for reference: ImageReference) -> Slot {
        let slot = freeSlots.popLast() ?? names.count
        if slot == names.count { names.append(nil) }
        names[slot] = Name(reference: reference)
        slots[reference] = slot
        if reference.registry == nil { local[reference.repository, default: []].insert(slot) }
        return slot
    }

    /// The other half of taking a claim out, once `made` no longer has it.
    private mutating func release(_ slot: Slot, of handle: HolderIndex.Handle) {
        count -= 1
        names[slot]?.told.removeAll { $0.handle == handle }
        guard let name = names[slot], name.told.isEmpty else { return }
        names[slot] = nil
        slots[name.reference] = nil
        freeSlots.append(slot)
        guard name.reference.registry == nil else { return }
        local[name.reference.repository]?.remove(slot)
        if local[name.reference.repository]?.isEmpty == true { local[name.reference.repository] = nil }
    }
}
