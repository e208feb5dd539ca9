import OCI

// What to do with the beginnings of digests that mDNS tells.

extension PeerTable {
    /// Somebody wants the blob, and nobody is known to hold it. Those who are said to have come by it, and whose inventories are not known
    /// so far, are asked for them now: before others, and without the moment that each waits where many have heard the same.
    /// - Returns: whether the answer of one of them is to be expected soon.
    mutating func seek(_ digest: Digest, now: ContinuousClock.Instant) -> Bool {
        let prefix = DigestPrefix(digest)
        let hinted = records.values.filter { $0.hasGap && $0.newest.contains(prefix) }.map(\.id).sorted()
        var isExpected = false
        for id in hinted.prefix(rules.limits.inquiries) {
            guard var record = records[id] else { continue }
            let isComing = record.mending.hurry(now: now) || !record.isConfirmed
            records[id] = record
            wanting.seek(id)
            wanting.insert(id, hasAnswered: record.hasAnswered)
            isExpected = isExpected || isComing
        }
        return isExpected
    }

    /// Takes up the hints of a sighting; they say nothing that is not known where the inventory is.
    static func note(_ newest: [DigestPrefix], of record: inout PeerRecord) {
        record.newest = record.hasGap ? Array(newest.prefix(PeerRecord.newestLimit)) : []
    }
}
