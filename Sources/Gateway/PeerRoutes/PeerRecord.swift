public import NIOHTTP1
public import OCI

/// What became of one request of a peer.
public struct PeerRecord: Sendable {
    public enum Subject: Sendable, Equatable {
        case blob(Digest)
        case pieces(Digest)
        case chain(Digest)
        case inventory
        case node
        /// What is no end point.
        case other
    }

    public var subject: Subject
    public var method: HTTPMethod
    public var outcome: HTTPOutcome
    public var requestID: String
}
