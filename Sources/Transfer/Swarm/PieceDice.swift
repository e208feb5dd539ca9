import Discovery
import OCI

/// Choices that differ between nodes and are the same at each run: SplitMix64, seeded with the node and the blob.
struct PieceDice: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(node: NodeID, digest: Digest) {
        state = (node.bytes + digest.bytes.prefix(8)).reduce(0xcbf2_9ce4_8422_2325) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return Ownership.mix(state)
    }
}
