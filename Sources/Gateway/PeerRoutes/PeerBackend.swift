public import Content
public import Discovery
public import OCI

/// What the peer routes need to know and to have. Nothing here may fetch anything: a peer's request causes no traffic.
public protocol PeerBackend: Sendable {
    // MARK: Blobs that are offered

    /// Bytes of a blob that the inventory offers; nil for any other, held or not.
    func offeredSize(of digest: Digest) -> Int64?

    /// Opens a blob that is offered; nil where it has gone meanwhile.
    func openOffered(_ digest: Digest) async throws -> (any BlobReader)?

    // MARK: Blobs that are arriving

    /// What is here of a blob that is arriving, in all; nil where none is, or it may not be shared.
    func partialBlob(_ digest: Digest) -> PartialBlob?

    /// Opens a part of a blob that is arriving, as soon as its first byte is here. Cancelling the task ends the wait.
    ///
    /// The reader gives the other bytes as they come in, and throws where the next ones are neither here nor on their way.
    /// - Parameters:
    ///   - range: may end behind the blob's end: then it is meant up to there.
    ///   - wait: how long to wait for the first byte if it is on its way; zero: not at all.
    /// - Returns: nil where the first byte is not here, and will not come within `wait`.
    func openArriving(_ digest: Digest, range: Range<Int64>, wait: Duration) async throws -> (any BlobReader)?

    /// The log of a blob's arrivals, from `since` on where `began` still names it; nil where there is none, or it may not be shared.
    /// - Parameter asker: who asks; nil where that is not known.
    func pieceReport(of digest: Digest, began: UInt64?, since: Int, asker: NodeID?) -> PieceReport?

    /// Who else, as far as is known here, has a piece of a blob.
    func otherHolders(of digest: Digest, piece: Int) -> [NodeID]

    /// The encoded hash chain of a blob that is offered or arriving; nil where it is not known, or may not be shared.
    func chain(of digest: Digest) async -> [UInt8]?

    // MARK: Uploads

    /// A place for one upload, free again when it is let go; nil when all are taken, or as many as one address may have.
    /// - Parameters:
    ///   - address: an IP address, to which it goes.
    ///   - inSwarm: whether it goes to somebody who takes the blob in pieces, from many: of these fewer may run for one blob.
    func acquireUpload(of digest: Digest, to address: String, inSwarm: Bool) -> (any Sendable)?

    /// Bytes of a blob went to a peer.
    func uploaded(_ digest: Digest, bytes: Int64)

    // MARK: This node

    func inventoryPage(epoch: UInt64?, since: UInt64?, next: String?) -> InventoryPage

    func nodeDocument() -> NodeDocument
}

/// A blob of which a node has pieces.
public struct PartialBlob: Sendable, Equatable {
    /// Of the whole blob, in bytes.
    public var size: Int64
    /// The pieces that are here, as `Shoal-Pieces` writes them.
    public var pieces: String

    public init(size: Int64, pieces: String) {
        self.size = size
        self.pieces = pieces
    }
}

/// Tells holders of the cluster key from others (docs/protocol.md); absent where there is no key.
public protocol PeerGate: Sendable {
    /// A nonce that a request can be signed with.
    func challenge() -> String

    /// Whose request it is.
    func verdict(authorization: String?, method: String, target: String, range: String?) -> PeerVerdict

    /// Proves this node's knowledge of the key, and that the body is this node's, to whoever made the nonce.
    func proof(for clientNonce: String, body: [UInt8]) -> String
}

/// What a signature says of a request.
public enum PeerVerdict: Sendable, Equatable {
    /// It is this node's, which holds the key.
    case holder(NodeID)
    /// Why it is not taken for a key holder's.
    case refused(String)
}
