public import Content
public import Discovery
public import OCI

/// What the peer routes need to know and to have. Nothing here may fetch anything: a peer's request causes no traffic.
public protocol PeerBackend: Sendable {
    /// Bytes of a blob that the inventory offers; nil for any other, held or not.
    func offeredSize(of digest: Digest) -> Int64?

    /// Opens a blob that is offered; nil where it has gone meanwhile.
    func openOffered(_ digest: Digest) async throws -> (any BlobReader)?

    /// A place for one upload, free again when it is let go; nil when all are taken.
    func acquireUpload() -> (any Sendable)?

    /// Bytes of a blob went to a peer.
    func uploaded(_ digest: Digest, bytes: Int64)

    func inventoryPage(epoch: UInt64?, since: UInt64?, next: String?) -> InventoryPage

    func nodeDocument() -> NodeDocument
}

/// Tells holders of the cluster key from others (docs/protocol.md); absent where there is no key.
public protocol PeerGate: Sendable {
    /// A nonce that a request can be signed with.
    func challenge() -> String

    /// Nil where the request is a key holder's; else why it is not taken for one.
    func objection(authorization: String?, method: String, target: String, range: String?) -> String?

    /// Proves this node's knowledge of the key, and that the body is this node's, to whoever made the nonce.
    func proof(for clientNonce: String, body: [UInt8]) -> String
}
