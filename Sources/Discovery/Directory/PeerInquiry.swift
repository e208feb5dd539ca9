/// The questions over HTTP that discovery asks. With a cluster key an answer is only returned if it proves that the peer holds the key.
/// Whoever answers them bounds time and bytes.
public protocol PeerInquiry: Sendable {
    /// `GET /v1/node`.
    func node(at address: PeerAddress) async throws -> NodeDocument

    /// `GET /v1/inventory?epoch=&since=&next=`, one page. A page is at most 2 MiB of JSON.
    func inventory(
        at address: PeerAddress, of peer: NodeID, epoch: UInt64?, since: UInt64?, next: String?
    ) async throws -> InventoryPage
}
