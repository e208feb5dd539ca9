import OCI
import Synchronization

@testable import Discovery

extension SimulatedLAN {
    /// Whether every node has everybody who is up alive in its directory, nobody else, and all of their inventories.
    var isInStep: Bool {
        let ids = living
        return ids.allSatisfy { $0.knows(ids, now: now) }
    }

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

    func knows(_ others: [SimulatedNode], now: ContinuousClock.Instant) -> Bool {
        directory.table.withLock { table in
            table.records.values.count { $0.isAlive(now: now) } == others.count - 1
                && others.allSatisfy { other in
                    guard other !== self else { return true }
                    guard let record = table.records[other.around.identity.id] else { return false }
                    return record.isAlive(now: now) && record.epoch == other.epoch
                        && record.knownVersion == other.inventory.version
                }
        }
    }
}
