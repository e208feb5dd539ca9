import Discovery

/// What each peer has given this node since it started. Bounded: of more nodes than ``limit`` no account is kept.
struct PeerCredit: Sendable {
    static let limit = 4096

    private(set) var bytes: [NodeID: Int64] = [:]

    mutating func add(_ count: Int64, from peer: NodeID) {
        guard count > 0, bytes.count < Self.limit || bytes[peer] != nil else { return }
        bytes[peer, default: 0] += count
    }
}
