import OCI

@testable import Discovery

/// The index of who holds what at its limit, alone.
struct IndexMeasurement {
    let entries: Int
    let distinct: Int
    let bytes: Int
    let secondsToFill: Double
    let nanosecondsALookup: Double

    /// - Parameters:
    ///   - peers: holders, with as many entries each.
    ///   - distinct: different digests; the fewer there are, the more holders each has.
    init(peers: Int, entries: Int, distinct: Int, random: inout SplitMix) {
        let digests = (0..<distinct).map { _ in Digest.random(&random) }
        let start = ContinuousClock.now
        var index = HolderIndex(limitPerPeer: 100_000, limit: 1_000_000)
        let each = entries / peers
        for peer in 0..<peers {
            for number in 0..<each {
                let digest = digests[(peer * each + number) % distinct]
                index.insert(InventoryEntry(digest: digest, size: 1 << 20), of: HolderIndex.Handle(peer))
            }
        }
        secondsToFill = seconds(ContinuousClock.now - start)
        bytes = index.footprint
        self.entries = index.count
        self.distinct = index.distinct

        let lookups = 1_000_000
        let wanted = (0..<lookups).map { _ in digests[Int(random.next() % UInt64(distinct))] }
        let begin = ContinuousClock.now
        var holders = 0
        for digest in wanted { holders += index.holders(of: digest).count }
        nanosecondsALookup = seconds(ContinuousClock.now - begin) / Double(lookups) * 1e9
        precondition(holders >= lookups, "what was put in is not found")
    }

    var text: String {
        """
        \(entries) entries, \(distinct) digests: \(mebibytes(bytes)), filled in \(rounded(secondsToFill, 2)) s, \
        a lookup \(rounded(nanosecondsALookup, 0)) ns
        """
    }
}

extension Digest {
    static func random(_ generator: inout SplitMix) -> Digest {
        let words = (0..<4).map { _ in generator.next() }
        let bytes = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        guard let digest = try? Digest(algorithm: .sha256, bytes: bytes) else {
            preconditionFailure("32 bytes are a digest")
        }
        return digest
    }
}
