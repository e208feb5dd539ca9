import Content
import Discovery
import Gateway
import NIOPosix
import OCI
import Transfer

/// What stands behind the peer routes: the inventory says what may go out, the stores give it; of what arrives the downloads do.
struct PeerService: PeerBackend {
    let identity: NodeIdentity
    let key: ClusterKey?
    let port: Int
    let inventory: Inventory
    let content: NodeContent
    let verification: Verification
    let arriving: any ArrivingBlobs
    let chains: ChainStore
    let slots: UploadSlots
    let counters: TransferCounters

    func offeredSize(of digest: Digest) -> Int64? { inventory.size(of: digest) }

    func openOffered(_ digest: Digest) async throws -> (any BlobReader)? {
        guard inventory.contains(digest) else { return nil }
        // Whoever takes what nobody has proven hashes it in vain if it is damaged, and so will the next.
        if !content.isProven(digest) { verification.asked(digest) }
        return try await content.open(digest)
    }

    func partialBlob(_ digest: Digest) -> PartialBlob? {
        arriving.pieces(of: digest).map { PartialBlob(size: $0.size, pieces: $0.pieces.text) }
    }

    func openArriving(_ digest: Digest, range: Range<Int64>, wait: Duration) async throws -> (any BlobReader)? {
        try await arriving.openArriving(digest, range: range, wait: wait)
    }

    func pieceReport(of digest: Digest, began: UInt64?, since: Int, asker: NodeID?) -> PieceReport? {
        arriving.pieceReport(of: digest, began: began, since: since, asker: asker)
    }

    func otherHolders(of digest: Digest, piece: Int) -> [NodeID] {
        arriving.otherHolders(of: digest, piece: piece)
    }

    func chain(of digest: Digest) async -> [UInt8]? {
        // A chain tells that its blob is here: it is subject to the rule of trust as the blob is.
        let isShared =
            inventory.contains(digest)
            || arriving.pieceReport(of: digest, began: nil, since: 0, asker: nil) != nil
        guard isShared else { return nil }
        // Its file may have to be read.
        return try? await NIOThreadPool.singleton.runIfActive { [chains] in chains.encoded(digest) }
    }

    func acquireUpload(of digest: Digest, to address: String, inSwarm: Bool) -> (any Sendable)? {
        slots.acquire(piecesOf: inSwarm ? digest : nil, to: address)
    }

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

    func verdict(authorization: String?, method: String, target: String, range: String?) -> PeerVerdict {
        switch authenticator.verify(authorization: authorization, method: method, target: target, range: range) {
        case .accepted(let node): .holder(node)
        case .challenge(let reason): .refused(reason)
        }
    }

    func proof(for clientNonce: String, body: [UInt8]) -> String {
        authenticator.proof(for: clientNonce, body: body)
    }
}
