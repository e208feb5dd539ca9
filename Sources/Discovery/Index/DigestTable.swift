import OCI

/// Numbers for digests: each distinct digest is kept once, and everybody else refers to it by four bytes.
///
/// Open addressing with linear probing over an array of those numbers; a dictionary would keep every digest a second time.
struct DigestTable: Sendable {
    typealias Slot = UInt32

    private static let vacant = Slot.max

    private var digests: [Digest?] = []
    private var free: [Slot] = []
    /// A power of two of places, at most three quarters taken.
    private var places: [Slot] = Array(repeating: vacant, count: 16)

    var count: Int { digests.count - free.count }

    func slot(of digest: Digest) -> Slot? {
        let slot = places[place(of: digest)]
        return slot == Self.vacant ? nil : slot
    }

    /// Nil for a slot that is not in use.
    func digest(at slot: Slot) -> Digest? { digests[Int(slot)] }

    mutating func insert(_ digest: Digest) -> Slot {
        if let slot = slot(of: digest) { return slot }
        let slot: Slot
        if let reused = free.popLast() {
            slot = reused
            digests[Int(slot)] = digest
        } else {
            slot = Slot(digests.count)
            digests.append(digest)
        }
        if count * 4 > places.count * 3 { grow() } else { places[place(of: digest)] = slot }
        return slot
    }

    mutating func remove(_ slot: Slot) {
        guard let digest = digests[Int(slot)] else { return }
        vacate(place(of: digest))
        digests[Int(slot)] = nil
        free.append(slot)
    }

    /// Where the digest is, or where it would go.
    private func place(of digest: Digest) -> Int {
        var place = home(of: digest)
        while places[place] != Self.vacant, digests[Int(places[place])] != digest { place = next(place) }
        return place
    }

    private func home(of digest: Digest) -> Int { digest.hashValue & (places.count - 1) }

    private func next(_ place: Int) -> Int { (place + 1) & (places.count - 1) }

    /// Empties a place and moves up what had to go past it, so that no search ends early and no marks of the dead pile up.
    private mutating func vacate(_ place: Int) {
        let mask = places.count - 1
        var hole = place
        var probe = next(hole)
        while places[probe] != Self.vacant, let digest = digests[Int(places[probe])] {
            let distanceToHome = (probe &- home(of: digest)) & mask
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
        places = Array(repeating: Self.vacant, count: places.count * 2)
        for (index, digest) in digests.enumerated() {
            guard let digest else { continue }
            places[place(of: digest)] = Slot(index)
        }
    }
}
