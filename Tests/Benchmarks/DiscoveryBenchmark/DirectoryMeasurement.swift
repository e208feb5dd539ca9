import OCI
import Synchronization

@testable import Discovery

/// One directory that knows a whole LAN, each node with blobs of its own: the most that there is to remember.
struct DirectoryMeasurement {
    private let peers: Int
    private let entries: Int
    private let bytes: Int
    private let indexBytes: Int

    init(_ options: Options, random: inout SplitMix) {
        let before = Usage.residentBytes
        let directory = Directory(own: .random(), hasKey: false, believesTags: false)
        let now = ContinuousClock.now
        for number in 0..<options.nodes {
            let added = (0..<options.blobs).map { _ in InventoryEntry(digest: .random(&random), size: 1 << 20) }
            let id = NodeID.random()
            let hello = Beacon.Hello(
                httpPort: 5051, name: "node-\(number)", interval: .seconds(5), version: 1, count: UInt64(added.count),
                changes: nil)
            let beacon = Beacon(node: id, epoch: 1, sequence: 1, payload: .hello(hello))
            let source = IPAddress(family: .v4, bits: 0x0a00_0000 + UInt128(number) + 1)
            guard (try? directory.hear(beacon, from: source, now: now)) != nil else { continue }
            let page = InventoryPage(epoch: 1, version: 1, full: true, added: added)
            let address = PeerAddress(host: source.description, port: 5051)
            directory.finish(
                .inventory(id, at: address, epoch: 1, since: 0),
                reading: try? InventoryReading(page, limits: directory.limits), now: now)
        }
        peers = directory.peers().count
        entries = directory.entries
        indexBytes = directory.table.withLock { $0.index.footprint }
        bytes = Usage.residentBytes - before
    }

    var text: String {
        "a directory of \(peers) peers and \(entries) entries, all different: \(mebibytes(bytes)) resident, \(mebibytes(indexBytes)) of it the index"
    }
}
