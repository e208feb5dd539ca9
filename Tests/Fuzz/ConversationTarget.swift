/// Datagrams from a few addresses over some time, into a table with small limits, so that they are reached. Each begins with one byte
/// that says which address, one how many seconds later, and two how long.
enum ConversationTarget: FuzzTarget {
    private static let codec = BeaconCodec(key: nil)
    private static let start = ContinuousClock.now
    private static let limits = {
        var limits = DirectoryLimits()
        limits.peers = 4
        limits.peersPerAddress = 2
        limits.addressesPerPeer = 2
        limits.digestsPerPeer = 8
        limits.digests = 16
        limits.referencesPerPeer = 2
        limits.references = 4
        limits.wantsPerPeer = 4
        limits.wants = 8
        return limits
    }()

    static func run(_ input: UnsafeRawBufferPointer) {
        guard let own = NodeID(bytes: [UInt8](repeating: 0xff, count: NodeID.byteCount)) else { return }
        var table = PeerTable(
            own: own, rules: .init(requiresProof: false, believesReferences: true, limits: limits))
        var now = start
        var rest = input[...]
        while rest.count >= 4 {
            let head = Array(rest.prefix(4))
            let length = Int(head[2]) << 8 | Int(head[3])
            let datagram = Array(rest.dropFirst(4).prefix(length))
            rest = rest.dropFirst(4 + length)
            now += .seconds(Int(head[1]))
            table.tick(now: now)
            guard let beacon = try? codec.decode(datagram) else { continue }
            let source = IPAddress(family: .v4, bits: 0x0a4d_0000 | UInt128(head[0] & 7))
            _ = try? table.hear(beacon, from: source, now: now)
            _ = table.startInquiries(now: now)
            _ = table.expireWants(now: now)
            check(table, now: now)
        }
    }

    private static func check(_ table: PeerTable, now: ContinuousClock.Instant) {
        let peers = table.peers(now: now)
        require(table.records.count <= limits.peers, "more nodes than the limit: \(table.records.count)")
        require(table.index.count <= limits.digests, "more digests than the limit: \(table.index.count)")
        require(table.references.count <= limits.references, "more references than the limit")
        let names = table.references.localRepositories.flatMap { table.references.claims(inRepository: $0).values }
        require(
            names.allSatisfy { !$0.isEmpty } && names.reduce(0) { $0 + $1.count } <= table.references.count,
            "names of repositories that nobody tells of")
        require(table.wants.count <= limits.wants, "more wants than the limit: \(table.wants.count)")
        for peer in peers {
            require(table.wants.count(of: peer.id) <= limits.wantsPerPeer, "a peer that wants too much")
            require(peer.blobs <= limits.digestsPerPeer, "a peer with \(peer.blobs) blobs")
            require(peer.addresses.count <= limits.addressesPerPeer, "a peer with too many addresses")
        }
        // What is known of a node that does not count yet is in the index, too.
        require(peers.reduce(0) { $0 + $1.blobs } <= table.index.count, "peers with blobs that are not in the index")
    }
}
