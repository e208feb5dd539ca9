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
        self.init(of: digest, ranked: Self.ranking(of: digest, among: nodes))
    }

    /// - Parameter ranked: nodes in the order of their ranks.
    init(of digest: Digest, ranked: [NodeID]) {
        let seed = Self.seed(of: digest)
        owners = ranked.prefix(Self.fetchers).map { ($0, Self.number(of: $0, seed)) }
    }

    /// All nodes in the order in which they are called upon to fetch.
    static func ranking(of digest: Digest, among nodes: some Collection<NodeID>) -> [NodeID] {
        let seed = seed(of: digest)
        let numbered = nodes.map { (node: $0, number: number(of: $0, seed)) }
        return numbered.sorted { ($0.number, $0.node) > ($1.number, $1.node) }.map(\.node)
    }

    /// The owner of a piece; nil where nobody can fetch.
    func owner(of piece: Int) -> NodeID? {
        owners(of: piece).first
    }

    /// The owner of a piece, and who would be without it.
    func owners(of piece: Int) -> (first: NodeID?, second: NodeID?) {
        let salt = UInt64(piece / Self.run) &* 0x9e37_79b9_7f4a_7c15
        var first: (number: UInt64, node: NodeID)?
        var second: (number: UInt64, node: NodeID)?
        for owner in owners {
            let entry = (number: Self.mix(owner.number &+ salt), node: owner.node)
            if first.map({ $0 < entry }) ?? true {
                (first, second) = (entry, first)
            } else if second.map({ $0 < entry }) ?? true {
                second = entry
            }
        }
        return (first?.node, second?.node)
    }

    static func seed(of digest: Digest) -> UInt64 {
        digest.bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// What a node is ranked by: the higher, the sooner it is called upon.
    static func number(of node: NodeID, _ seed: UInt64) -> UInt64 {
        mix(node.leadingWord ^ seed)
    }

    /// A good spread of 64 bits (the finaliser of SplitMix64).
    static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9e37_79b9_7f4a_7c15
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
