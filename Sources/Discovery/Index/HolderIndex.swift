import OCI

/// Which peers hold which blobs. Compact and bounded: neither one peer nor all together can make it grow past its limits, and a million
/// pairs of peer and blob take less than 64 MiB however they fall.
///
/// A blob is 44 bytes and its place in the table of digests, a holder of its own four in the peer's list; see `HolderSets` for the rest.
struct HolderIndex: Sendable {
    /// A peer's number in the peer table, given anew when the peer is gone.
    typealias Handle = UInt16

    struct Holder: Sendable, Equatable {
        var handle: Handle
        var size: Int64
        var isProven: Bool
    }

    private struct Claim: Hashable, Sendable {
        var slot: DigestTable.Slot
        var handle: Handle
    }

    private let limitPerPeer: Int
    private let limit: Int
    private var table = DigestTable()
    /// By slot: what the first holder says; those who say otherwise are in `otherSizes`.
    private var sizes = ChunkedArray<Int64>(filler: 0)
    /// By slot.
    private var holders = ChunkedArray<HolderSets.Name>(filler: .empty)
    private var sets = HolderSets()
    /// By handle: the slots of what a peer holds, each once, in no order.
    private var held: [[DigestTable.Slot]] = []
    private var otherSizes: [Claim: Int64] = [:]
    /// Pairs of blob and holder.
    private(set) var count = 0

    init(limitPerPeer: Int, limit: Int) {
        self.limitPerPeer = limitPerPeer
        self.limit = limit
    }

    /// Bytes that it takes.
    var footprint: Int {
        let lists = held.reduce(0) { $0 + $1.capacity } * MemoryLayout<DigestTable.Slot>.stride
        let claims = otherSizes.capacity * (MemoryLayout<Claim>.stride + MemoryLayout<Int64>.stride) * 4 / 3
        return table.footprint + sizes.footprint + holders.footprint + sets.footprint + lists + claims
    }

    /// Blobs that at least one peer holds.
    var distinct: Int { table.count }

    func count(of handle: Handle) -> Int { Int(handle) < held.count ? held[Int(handle)].count : 0 }

    func size(of digest: Digest, by handle: Handle) -> Int64? {
        guard let slot = table.slot(of: digest), holds(handle, slot) else { return nil }
        return size(slot, handle)
    }

    func holders(of digest: Digest) -> [Holder] {
        guard let slot = table.slot(of: digest) else { return [] }
        var found: [Holder] = []
        sets.forEach(in: holders[Int(slot)]) { handle, isProven in
            found.append(Holder(handle: handle, size: size(slot, handle), isProven: isProven))
        }
        return found
    }

    /// How many peers hold the blob.
    func holderCount(of digest: Digest) -> Int {
        var count = 0
        if let slot = table.slot(of: digest) { sets.forEach(in: holders[Int(slot)]) { _, _ in count += 1 } }
        return count
    }

    // MARK: Changing

    /// Returns whether it is in the index now: false where a limit stands against it.
    @discardableResult
    mutating func insert(_ entry: InventoryEntry, of handle: Handle) -> Bool {
        guard handle < HolderSets.handleLimit else { return false }
        if let slot = table.slot(of: entry.digest), holds(handle, slot) {
            note(entry.size, slot, handle)
            sets.insert(handle, isProven: entry.isProven, into: &holders[Int(slot)])
            return true
        }
        guard count(of: handle) < limitPerPeer else { return false }
        if count >= limit { shed(inFavourOf: handle) }
        guard count < limit else { return false }
        let slot = table.insert(entry.digest)
        while sizes.count <= Int(slot) {
            sizes.append(0)
            holders.append(.empty)
        }
        if holders[Int(slot)] == .empty { sizes[Int(slot)] = entry.size }
        note(entry.size, slot, handle)
        sets.insert(handle, isProven: entry.isProven, into: &holders[Int(slot)])
        while held.count <= Int(handle) { held.append([]) }
        held[Int(handle)].append(slot)
        count += 1
        return true
    }

    mutating func remove(_ digest: Digest, of handle: Handle) {
        remove([digest], of: handle)
    }

    mutating func remove(_ digests: [Digest], of handle: Handle) {
        let slots = digests.compactMap { table.slot(of: $0) }.filter { holds(handle, $0) }
        switch slots.count {
        case 0: return
        case 1: held[Int(handle)].removeOne(slots[0])
        default:
            let gone = Set(slots)
            held[Int(handle)].removeAll(where: gone.contains)
        }
        for slot in slots where holds(handle, slot) { release(slot, of: handle) }
    }

    mutating func removeAll(of handle: Handle) {
        guard Int(handle) < held.count else { return }
        let slots = held[Int(handle)]
        held[Int(handle)] = []
        for slot in slots { release(slot, of: handle) }
    }

    /// Makes `entries` all that the peer holds.
    mutating func replace(_ entries: [InventoryEntry], of handle: Handle) {
        if Int(handle) < held.count, !held[Int(handle)].isEmpty {
            var kept = [Bool](repeating: false, count: table.slots)
            for entry in entries {
                if let slot = table.slot(of: entry.digest) { kept[Int(slot)] = true }
            }
            let gone = held[Int(handle)].filter { !kept[Int($0)] }
            held[Int(handle)].removeAll { !kept[Int($0)] }
            for slot in gone { release(slot, of: handle) }
        }
        for entry in entries where !insert(entry, of: handle) { break }
    }

    // MARK: Parts

    private func holds(_ handle: Handle, _ slot: DigestTable.Slot) -> Bool {
        sets.isProven(handle, in: holders[Int(slot)]) != nil
    }

    private func size(_ slot: DigestTable.Slot, _ handle: Handle) -> Int64 {
        guard !otherSizes.isEmpty else { return sizes[Int(slot)] }
        return otherSizes[Claim(slot: slot, handle: handle)] ?? sizes[Int(slot)]
    }

    /// Keeps what a peer says of a size, where it is not what the first one said.
    private mutating func note(_ size: Int64, _ slot: DigestTable.Slot, _ handle: Handle) {
        let claim = Claim(slot: slot, handle: handle)
        if size != sizes[Int(slot)] {
            otherSizes[claim] = size
        } else if !otherSizes.isEmpty {
            otherSizes[claim] = nil
        }
    }

    /// The other half of taking a pair out, once `held` no longer has it.
    private mutating func release(_ slot: DigestTable.Slot, of handle: Handle) {
        count -= 1
        if !otherSizes.isEmpty { otherSizes[Claim(slot: slot, handle: handle)] = nil }
        sets.remove(handle, from: &holders[Int(slot)])
        if holders[Int(slot)] == .empty { table.remove(slot) }
    }

    /// The index is full. Who fills it makes room: the peer that claims the most loses a quarter, unless the one that asks is no
    /// better. So one liar with a million digests takes nothing from honest peers.
    private mutating func shed(inFavourOf handle: Handle) {
        guard let largest = held.indices.max(by: { held[$0].count < held[$1].count }),
            largest != Int(handle), held[largest].count > 2 * (count(of: handle) + 1)
        else { return }
        let loss = max(1, held[largest].count / 4)
        let gone = held[largest].suffix(loss)
        held[largest].removeLast(loss)
        for slot in gone { release(slot, of: Handle(largest)) }
    }
}

extension [DigestTable.Slot] {
    /// Order means nothing, so the last takes the place of the one that goes.
    fileprivate mutating func removeOne(_ slot: DigestTable.Slot) {
        guard let index = firstIndex(of: slot) else { return }
        swapAt(index, count - 1)
        removeLast()
    }
}
