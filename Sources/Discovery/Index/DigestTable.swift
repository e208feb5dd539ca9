import OCI

/// Numbers for digests: each distinct digest is kept once, and everybody else refers to it by four bytes.
///
/// Open addressing with linear probing over an array of those numbers; a dictionary would keep every digest a second time. Of a SHA-512
/// digest the first half is kept: whoever finds another with the same half has broken SHA-512, and would gain a place in a list.
struct DigestTable: Sendable {
    typealias Slot = UInt32

    /// 32 bytes of a digest.
    private struct Key: Hashable, Sendable {
        var words: (UInt64, UInt64, UInt64, UInt64)

        init(_ digest: Digest) {
            words = digest.leadingWords
            // Apart from the SHA-256 digest of the same bytes.
            if digest.algorithm == .sha512 { words.0 = ~words.0 }
        }

        private init() { words = (0, 0, 0, 0) }

        static let filler = Key()

        static func == (one: Key, other: Key) -> Bool { one.words == other.words }

        /// Seeded anew in each process: those who choose the digests cannot make them collide.
        func hash(into hasher: inout Hasher) {
            hasher.combine(words.0)
            hasher.combine(words.1)
            hasher.combine(words.2)
            hasher.combine(words.3)
        }
    }

    private static let vacant = Slot.max

    private var keys = ChunkedArray(filler: Key.filler)
    private var free: [Slot] = []
    /// A power of two of places, at most three quarters taken.
    private var places: [Slot] = Array(repeating: vacant, count: 16)

    var count: Int { keys.count - free.count }

    /// Every slot that was ever given is below this.
    var slots: Int { keys.count }

    /// Bytes that it takes.
    var footprint: Int { keys.footprint + (free.capacity + places.capacity) * MemoryLayout<Slot>.stride }

    func slot(of digest: Digest) -> Slot? {
        let slot = places[place(of: Key(digest))]
        return slot == Self.vacant ? nil : slot
    }

    mutating func insert(_ digest: Digest) -> Slot {
        let key = Key(digest)
        let place = place(of: key)
        guard places[place] == Self.vacant else { return places[place] }
        let slot: Slot
        if let reused = free.popLast() {
            slot = reused
            keys[Int(slot)] = key
        } else {
            slot = Slot(keys.count)
            keys.append(key)
        }
        places[place] = slot
        if count * 4 > places.count * 3 { grow() }
        return slot
    }

    /// - Parameter slot: one that is in use.
    mutating func remove(_ slot: Slot) {
        let place = place(of: keys[Int(slot)])
        guard places[place] == slot else { return }
        vacate(place)
        free.append(slot)
    }

    /// Where the key is, or where it would go.
    private func place(of key: Key) -> Int {
        var place = home(of: key)
        while places[place] != Self.vacant, keys[Int(places[place])] != key { place = next(place) }
        return place
    }

    private func home(of key: Key) -> Int { key.hashValue & (places.count - 1) }

    private func next(_ place: Int) -> Int { (place + 1) & (places.count - 1) }

    /// Empties a place and moves up what had to go past it, so that no search ends early and no marks of the dead pile up.
    private mutating func vacate(_ place: Int) {
        let mask = places.count - 1
        var hole = place
        var probe = next(hole)
        while places[probe] != Self.vacant {
            let distanceToHome = (probe &- home(of: keys[Int(places[probe])])) & mask
            let distanceToHole = (probe &- hole) & mask
            if distanceToHome >= distanceToHole {
                places[hole] = places[probe]
                hole = probe
            }
            probe = next(probe)
        }
        places[hole] = Self.vacant
    }

    private mutating func grow() {
        let taken = places.filter { $0 != Self.vacant }
        places = Array(repeating: Self.vacant, count: places.count * 2)
        for slot in taken { places[place(of: keys[Int(slot)])] = slot }
    }
}
