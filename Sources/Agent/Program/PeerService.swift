import Content
import Discovery
import Gateway
import OCI
import Transfer

/// What stands behind the peer routes: the inventory says what may go out, the stores give it.
struct PeerService: PeerBackend {
    let identity: NodeIdentity
    let key: ClusterKey?
    let port: Int
    let inventory: Inventory
    let content: NodeContent
    let verification: Verification
    let slots: UploadSlots
    let counters: TransferCounters

    func offeredSize(of digest: Digest) -> Int64? { inventory.size(of: digest) }

    func openOffered(_ digest: Digest) async throws -> (any BlobReader)? {
        guard inventory.contains(digest) else { return nil }
        // Whoever takes what nobody has proven hashes it in vain if it is damaged, and so will the next.
        if !content.isProven(digest) { verification.asked(digest) }
        return try await content.open(digest)
    }

    func acquireUpload() -> (any Sendable)? { slots.acquire() }

    func uploaded(_ digest: Digest, bytes: Int64) { counters.served(bytes) }

    func inventoryPage(epoch: UInt64?, since: UInt64?, next: String?) -> InventoryPage {
        inventory.page(epoch: epoch, since: since, next: next)
    }

    func nodeDocument() -> NodeDocument {
        NodeDocument(identity: identity, version: inventory.version, key: key, port: port)
    }
}

/// The cluster key at the door.
struct ClusterGate: PeerGate {
    let authenticator: PeerAuthenticator

    func challenge() -> String { authenticator.challenge() }

    func objection(authorization: String?, method: String, target: String, range: String?) -> String? {
        switch authenticator.verify(authorization: authorization, method: method, target: target, range: range) {
        case .accepted: nil
        case .challenge(let reason): "\(reason)"
        }
    }

    func proof(for clientNonce: String, body: [UInt8]) -> String {
        authenticator.proof(for: clientNonce, body: body)
    }
}
