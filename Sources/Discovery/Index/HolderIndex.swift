import OCI

/// Which peers hold which blobs. Compact and bounded: a peer is two bytes, a digest is kept once, and neither one peer nor all together
/// can make it grow past its limits.
struct HolderIndex: Sendable {
    /// A peer's number in the peer table, given anew when the peer is gone.
    typealias Handle = UInt16

    fileprivate enum Holders: Sendable {
        case one(Handle)
        case many([Handle])
    }

    private struct Entry: Sendable {
        /// What the first holder says; those who say otherwise are in `otherSizes`.
        var size: Int64
        var holders: Holders
    }

    private struct Claim: Hashable, Sendable {
        var slot: DigestTable.Slot
        var handle: Handle
    }

    private let limitPerPeer: Int
    private let limit: Int
    private var table = DigestTable()
    private var entries: [Entry?] = []
    private var held: [Handle: Set<DigestTable.Slot>] = [:]
    private var otherSizes: [Claim: Int64] = [:]
    private var unproven: Set<Claim> = []
    /// Pairs of blob and holder.
    private(set) var count = 0

    init(limitPerPeer: Int, limit: Int) {
        self.limitPerPeer = limitPerPeer
        self.limit = limit
    }

    /// Blobs that at least one peer holds.
    var distinct: Int { table.count }

    func count(of handle: Handle) -> Int { held[handle]?.count ?? 0 }

    func size(of digest: Digest, by handle: Handle) -> Int64? {
        guard let slot = table.slot(of: digest), held[handle]?.contains(slot) == true else { return nil }
        return otherSizes[Claim(slot: slot, handle: handle)] ?? entries[Int(slot)]?.size
    }

    func holders(of digest: Digest) -> [(handle: Handle, size: Int64, isProven: Bool)] {
        guard let slot = table.slot(of: digest), let entry = entries[Int(slot)] else { return [] }
        let handles =
            switch entry.holders {
            case .one(let handle): [handle]
            case .many(let handles): handles
            }
        return handles.map {
            let claim = Claim(slot: slot, handle: $0)
            return ($0, otherSizes[claim] ?? entry.size, !unproven.contains(claim))
        }
    }

    /// Returns whether it is in the index now: false where a limit stands against it.
    @discardableResult
    mutating func insert(_ entry: InventoryEntry, of handle: Handle) -> Bool {
        if let known = size(of: entry.digest, by: handle) {
            if known == entry.size {
                if let slot = table.slot(of: entry.digest) { note(entry.isProven, slot, handle) }
                return true
            }
            remove(entry.digest, of: handle)
        } else {
            guard count(of: handle) < limitPerPeer else { return false }
            if count >= limit { shed(inFavourOf: handle) }
            guard count < limit else { return false }
        }
        let slot = table.insert(entry.digest)
        while entries.count <= Int(slot) { entries.append(nil) }
        if let known = entries[Int(slot)]?.size {
            entries[Int(slot)]?.holders.add(handle)
            if known != entry.size { otherSizes[Claim(slot: slot, handle: handle)] = entry.size }
        } else {
            entries[Int(slot)] = Entry(size: entry.size, holders: .one(handle))
        }
        held[handle, default: []].insert(slot)
        note(entry.isProven, slot, handle)
        count += 1
        return true
    }

    private mutating func note(_ isProven: Bool, _ slot: DigestTable.Slot, _ handle: Handle) {
        if isProven {
            unproven.remove(Claim(slot: slot, handle: handle))
        } else {
            unproven.insert(Claim(slot: slot, handle: handle))
        }
    }

    mutating func remove(_ digest: Digest, of handle: Handle) {
        guard let slot = table.slot(of: digest) else { return }
        remove(slot, of: handle)
    }

    mutating func removeAll(of handle: Handle) {
        for slot in held[handle] ?? [] { release(slot, of: handle) }
        held[handle] = nil
    }

    /// Makes `entries` all that the peer holds.
    mutating func replace(_ entries: [InventoryEntry], of handle: Handle) {
        let digests = Set(entries.map(\.digest))
        for slot in held[handle] ?? [] {
            if let digest = table.digest(at: slot), !digests.contains(digest) { remove(slot, of: handle) }
        }
        for entry in entries where !insert(entry, of: handle) { break }
    }

    private mutating func remove(_ slot: DigestTable.Slot, of handle: Handle) {
        guard held[handle]?.remove(slot) != nil else { return }
        if held[handle]?.isEmpty == true { held[handle] = nil }
        release(slot, of: handle)
    }

    /// The other half of taking a pair out, once `held` no longer has it.
    private mutating func release(_ slot: DigestTable.Slot, of handle: Handle) {
        count -= 1
        otherSizes[Claim(slot: slot, handle: handle)] = nil
        unproven.remove(Claim(slot: slot, handle: handle))
        guard var entry = entries[Int(slot)] else { return }
        if let rest = entry.holders.removing(handle) {
            entry.holders = rest
            entries[Int(slot)] = entry
        } else {
            entries[Int(slot)] = nil
            table.remove(slot)
        }
    }

    /// The index is full. Who fills it makes room: the peer that claims the most loses a quarter, unless the one that asks is no
    /// better. So one liar with a million digests takes nothing from honest peers.
    private mutating func shed(inFavourOf handle: Handle) {
        guard let largest = held.max(by: { $0.value.count < $1.value.count }),
            largest.key != handle, largest.value.count > 2 * (count(of: handle) + 1)
        else { return }
        for slot in largest.value.prefix(max(1, largest.value.count / 4)) { remove(slot, of: largest.key) }
    }
}

extension HolderIndex.Holders {
    fileprivate mutating func add(_ handle: HolderIndex.Handle) {
        switch self {
        case .one(let first):
            self = .many([first, handle])
        case .many(var handles):
            // So that the array grows in place and is not copied for each holder.
            self = .one(handle)
            handles.append(handle)
            self = .many(handles)
        }
    }

    /// Nil where nobody is left.
    fileprivate func removing(_ handle: HolderIndex.Handle) -> Self? {
        guard case .many(var handles) = self else { return nil }
        handles.removeAll { $0 == handle }
        switch handles.count {
        case 0: return nil
        case 1: return .one(handles[0])
        default: return .many(handles)
        }
    }
}
