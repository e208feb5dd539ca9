import Discovery
import NIOHTTP1

/// Who asks, as far as the routes can know it.
struct PeerAsker: Equatable {
    /// The node: with a cluster key the one that signed the request, else the one that `Shoal-Node` names; nil where neither tells.
    var node: NodeID?
    /// It names itself, and so says that it takes the blob in pieces, from many.
    var isInSwarm: Bool

    /// - Parameter signer: who signed the request; nil without a cluster key. What the header claims does not count beside it.
    init(_ request: HTTPRequest, signer: NodeID?) {
        let claimed = request.headers.first(name: "Shoal-Node").flatMap { NodeID(hex: $0) }
        node = signer ?? claimed
        isInSwarm = claimed != nil
    }
}
