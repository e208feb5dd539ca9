/// A question over HTTP that the table wants asked.
enum Inquiry: Sendable, Equatable {
    /// `GET /v1/node`: is this node there, and in which epoch?
    case node(NodeID, at: PeerAddress)
    /// `GET /v1/node`: who is there at all?
    case caller(at: PeerAddress)
    /// `GET /v1/inventory`: what changed since a version of an epoch?
    case inventory(NodeID, at: PeerAddress, epoch: UInt64, since: UInt64)

    /// Where it is asked.
    var address: PeerAddress {
        switch self {
        case .node(_, let address), .caller(let address), .inventory(_, let address, _, _): address
        }
    }

    /// Nil where the question is just that.
    var node: NodeID? {
        switch self {
        case .node(let id, _), .inventory(let id, _, _, _): id
        case .caller: nil
        }
    }
}
