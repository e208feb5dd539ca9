import OCI
import Synchronization

@testable import Discovery

extension SimulatedLAN {
    /// Of all pairs of nodes that are up, the share in which the one has the other alive in its directory and all of its inventory, in parts of
    /// a thousand, cut. Of many nodes some are asked.
    ///
    /// It need not come to a thousand: where 5 % of the datagrams are lost, three in a row are missed by one pair in eight thousand at any
    /// time, and that one is put aside until the next.
    var permilleInStep: Int {
        let ids = living
        let asked = ids.count <= Self.sample ? ids : (0..<Self.sample).map { ids[$0 * ids.count / Self.sample] }
        let known = asked.reduce(0) { $0 + $1.countKnown(of: ids, now: now) }
        return known * 1000 / max(1, asked.count * (ids.count - 1))
    }

    private static var sample: Int { 100 }

    /// How many of those that keep an index have a digest in it.
    func knowing(_ digest: Digest, of holder: Int) -> (some: Int, all: Int) {
        let keepers = living.filter { $0.keepsIndex && $0.number != holder }
        return (keepers.count { $0.finds(digest, now: now) }, keepers.count)
    }
}

extension SimulatedNode {
    var keepsIndex: Bool { directory.limits.digests > 0 }

    var indexBytes: Int { directory.table.withLock { $0.index.footprint } }

    func finds(_ digest: Digest, now: ContinuousClock.Instant) -> Bool {
        directory.table.withLock { !$0.holders(of: digest, now: now).isEmpty }
    }

    /// How many of the others are alive in the directory, with all of their inventories.
    func countKnown(of others: [SimulatedNode], now: ContinuousClock.Instant) -> Int {
        directory.table.withLock { table in
            others.count { other in
                guard other !== self, let record = table.records[other.around.identity.id] else { return false }
                return record.isAlive(now: now) && record.epoch == other.epoch
                    && record.knownVersion == other.inventory.version
            }
        }
    }
}
