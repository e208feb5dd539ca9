import Discovery
import NIOCore
import NIOHTTP1

/// Who asks, as far as the routes can know it.
struct PeerAsker: Equatable {
    /// The node: with a cluster key the one that signed the request, else the one that its certificate names, else the one that
    /// `Shoal-Node` names; nil where nothing tells.
    var node: NodeID?
    /// It names itself, and so says that it takes the blob in pieces, from many.
    var isInSwarm: Bool
    /// From where; one and the same for all who ask from nowhere.
    var address: String

    /// - Parameter signer: who signed the request; nil without a cluster key. What the header claims does not count beside it.
    init(_ request: HTTPRequest, signer: NodeID?) {
        let claimed = Self.claimed(by: request)
        node = signer ?? request.certifiedNode ?? claimed
        isInSwarm = claimed != nil
        address = request.remoteAddress?.ipAddress ?? ""
    }

    private static func claimed(by request: HTTPRequest) -> NodeID? {
        request.headers.first(name: "Shoal-Node").flatMap { NodeID(hex: $0) }
    }

    /// Which node a request is said to be from, by its header or by who signed it, other than the one that its certificate names; nil
    /// where nothing says otherwise.
    static func impostor(_ request: HTTPRequest, signer: NodeID?) -> NodeID? {
        guard let certified = request.certifiedNode else { return nil }
        return [signer, claimed(by: request)].compactMap(\.self).first { $0 != certified }
    }
}
