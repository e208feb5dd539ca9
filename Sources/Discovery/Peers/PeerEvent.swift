/// What the log tells of peers.
enum PeerEvent: Sendable, Equatable {
    case appeared(NodeID, name: String, PeerAddress)
    case restarted(NodeID, name: String, epoch: UInt64)
    case left(NodeID, name: String)
    case forgotten(NodeID, name: String)
}
