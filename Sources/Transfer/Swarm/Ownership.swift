import Discovery
import OCI

/// Who fetches what from upstream when several nodes want the same blob: everybody computes the same answer from the same view,
/// and views that differ for a moment cost a piece fetched twice, no more.
///
/// Rendezvous hashing: each node gets a number for each run of pieces, the highest owns it. A node that joins or goes moves its own
/// share only.
struct Ownership: Sendable {
    /// How many nodes fetch a blob from upstream at a time: more would only share the uplink among more streams.
    static let fetchers = 8
    /// Pieces are owned in runs that are long enough for upstream to stream.
    static let run = 4

    /// Of the nodes that take part, those that fetch, with their numbers.
    private let owners: [(node: NodeID, number: UInt64)]

    /// - Parameter nodes: those who want the blob and can ask upstream for it, this one included where it can.
    init(of digest: Digest, among nodes: some Collection<NodeID>) {
        owners = Array(Self.numbered(digest, nodes).prefix(Self.fetchers))
    }

    /// All nodes in the order in which they are called upon to fetch.
    static func ranking(of digest: Digest, among nodes: some Collection<NodeID>) -> [NodeID] {
        numbered(digest, nodes).map(\.node)
    }

    private static func numbered(
        _ digest: Digest, _ nodes: some Collection<NodeID>
    ) -> [(node: NodeID, number: UInt64)] {
        let seed = digest.bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        let numbered = nodes.map { (node: $0, number: mix(number(of: $0) ^ seed)) }
        return numbered.sorted { ($0.number, $0.node) > ($1.number, $1.node) }
    }

    /// The owner of a piece; nil where nobody can fetch.
    func owner(of piece: Int) -> NodeID? {
        let run = UInt64(piece / Self.run)
        return owners.max { left, right in
            (Self.mix(left.number &+ run &* 0x9e37_79b9_7f4a_7c15), left.node)
                < (Self.mix(right.number &+ run &* 0x9e37_79b9_7f4a_7c15), right.node)
        }?.node
    }

    private static func number(of node: NodeID) -> UInt64 {
        node.bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// A good spread of 64 bits (the finaliser of SplitMix64).
    static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9e37_79b9_7f4a_7c15
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
