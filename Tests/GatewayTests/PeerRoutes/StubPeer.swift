import Content
import Discovery
import Glibc
import OCI
import Synchronization
import SystemPackage

@testable import Gateway

/// A node that offers one blob, with the pattern's bytes.
final class StubPeer: PeerBackend {
    static let blobDigest = text("sha256:" + String(repeating: "b", count: 64), Digest.init)

    let size: Int64
    let heldSize: Int64
    private let blobs: Int
    let uploads = Signal<Int64>()
    /// The encoded chain of the blob.
    static let chain = [UInt8](repeating: 3, count: 64)
    private let others: [NodeID]
    private let freeSlots: Mutex<Int>
    private let asked = Mutex<[String]>([])
    private let addresses = Mutex<[String]>([])

    /// - Parameters:
    ///   - heldSize: of the file, where it is another than the inventory tells.
    ///   - blobs: how many the inventory names, all the same one.
    ///   - others: who else has the blob.
    init(size: Int64 = 1000, heldSize: Int64? = nil, slots: Int = 1, blobs: Int = 1, others: [NodeID] = []) {
        self.others = others
        self.size = size
        self.blobs = blobs
        self.heldSize = heldSize ?? size
        freeSlots = Mutex(slots)
    }

    var questions: [String] { asked.withLock { $0 } }
    /// To where uploads went, or would have gone.
    var askers: [String] { addresses.withLock { $0 } }
    var free: Int { freeSlots.withLock { $0 } }

    func offeredSize(of digest: Digest) -> Int64? {
        digest == Self.blobDigest ? size : nil
    }

    func openOffered(_ digest: Digest) async throws -> (any BlobReader)? {
        asked.withLock { $0.append("open") }
        return try WholeReader(Int(heldSize))
    }

    func partialBlob(_ digest: Digest) -> PartialBlob? { nil }

    func openArriving(_ digest: Digest, range: Range<Int64>, wait: Duration) async throws -> (any BlobReader)? { nil }

    func pieceReport(of digest: Digest, began: UInt64?, since: Int, asker: NodeID?) -> PieceReport? {
        guard digest == Self.blobDigest else { return nil }
        asked.withLock { $0.append("pieces \(began.map(String.init) ?? "-") \(since) \(asker?.hex ?? "-")") }
        return PieceReport(
            size: size, began: 5, since: since, arrivals: [], hasMore: false, fetching: "0", upstream: true)
    }

    func otherHolders(of digest: Digest, piece: Int) -> [NodeID] {
        asked.withLock { $0.append("holders \(piece)") }
        return others
    }

    func chain(of digest: Digest) -> [UInt8]? { digest == Self.blobDigest ? Self.chain : nil }

    func acquireUpload(of digest: Digest, to address: String, inSwarm: Bool) -> (any Sendable)? {
        addresses.withLock { $0.append(address) }
        if inSwarm { asked.withLock { $0.append("swarm") } }
        let isFree = freeSlots.withLock { free in
            guard free > 0 else { return false }
            free -= 1
            return true
        }
        return isFree ? Slot(self) : nil
    }

    func uploaded(_ digest: Digest, bytes: Int64) { uploads.send(bytes) }

    func inventoryPage(epoch: UInt64?, since: UInt64?, next: String?) -> InventoryPage {
        let texts = [epoch.map(String.init), since.map(String.init), next].map { $0 ?? "-" }
        asked.withLock { $0.append("page \(texts.joined(separator: " "))") }
        let entry = InventoryEntry(digest: Self.blobDigest, size: size)
        return InventoryPage(epoch: 7, version: 3, full: true, added: Array(repeating: entry, count: blobs))
    }

    func nodeDocument() -> NodeDocument {
        let identity = NodeIdentity(id: NodeID.random(), name: "stub", epoch: 7)
        return NodeDocument(identity: identity, version: 3, key: nil, port: 5051)
    }

    private final class Slot: Sendable {
        private let peer: StubPeer

        init(_ peer: StubPeer) { self.peer = peer }

        deinit { peer.freeSlots.withLock { $0 += 1 } }
    }
}

/// Lets in whoever repeats the request after the word `signed`.
struct StubGate: PeerGate {
    func challenge() -> String { "nonce" }

    static let signer = NodeID.random()

    func verdict(authorization: String?, method: String, target: String, range: String?) -> PeerVerdict {
        authorization == "Shoal signed \(method) \(target) \(range ?? "-")"
            ? .holder(Self.signer) : .refused("not signed")
    }

    func proof(for clientNonce: String, body: [UInt8]) -> String { "proof of \(clientNonce) \(body.count)" }
}
