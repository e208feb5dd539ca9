/// Sums of bytes by source.
extension ByteCounts {
    static let zero = ByteCounts(store: 0, peers: 0, upstream: 0, servedToPeers: 0)

    static func + (left: ByteCounts, right: ByteCounts) -> ByteCounts {
        ByteCounts(
            store: left.store + right.store, peers: left.peers + right.peers, upstream: left.upstream + right.upstream,
            servedToPeers: left.servedToPeers + right.servedToPeers)
    }

    static func - (left: ByteCounts, right: ByteCounts) -> ByteCounts {
        ByteCounts(
            store: left.store - right.store, peers: left.peers - right.peers, upstream: left.upstream - right.upstream,
            servedToPeers: left.servedToPeers - right.servedToPeers)
    }
}
