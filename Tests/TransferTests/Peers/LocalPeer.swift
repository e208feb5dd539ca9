import Content
import Discovery
import Gateway
import Glibc
import Integrity
import Logging
import NIOCore
import NIOPosix
import OCI
import Synchronization
import TLS

@testable import Transfer

/// A node of the real server's, in the test's own process, to which a blob is coming.
final class LocalPeer: PeerBackend {
    let identity = NodeIdentity(id: NodeID.random(), name: "local", epoch: 1)
    let blob: [UInt8]
    let digest: Digest
    /// Told when somebody waits.
    let waiting: AsyncStream<Void>
    private let waits: AsyncStream<Void>.Continuation
    private let reader = Mutex<(any BlobReader)?>(nil)
    private let arrivals = Mutex<[AsyncStream<Void>.Continuation]>([])
    private let askers = Mutex<[NodeID?]>([])

    init(_ blob: [UInt8]) {
        self.blob = blob
        var hasher = ContentHasher(.sha256)
        blob.withUnsafeBytes { hasher.update($0) }
        digest = hasher.finish()
        (waiting, waits) = AsyncStream.makeStream()
    }

    var asked: [NodeID?] { askers.withLock { $0 } }

    /// The bytes are here now.
    func arrive() throws {
        let whole = try MemoryReader(blob)
        reader.withLock { $0 = whole }
        for continuation in arrivals.withLock({ $0 }) { continuation.finish() }
    }

    /// Serves on a loopback port while `body` runs.
    func serve(
        _ gate: (any PeerGate)? = nil, tls: TLSIdentity? = nil, troubles: TLSTroubles? = nil,
        _ body: (PeerAddress) async throws -> Void
    ) async throws {
        let listener = HTTPListener(
            addresses: [ListenAddress(.tcp(host: "127.0.0.1", port: 0), tls: tls)],
            responder: PeerResponder(backend: self, gate: gate, troubles: troubles),
            group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, troubles: troubles)
        let bound = try await listener.bind()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await listener.run() }
            defer { group.cancelAll() }
            try await body(PeerAddress(host: "127.0.0.1", port: bound[0].port ?? 0))
        }
    }

    func openArriving(_ digest: Digest, range: Range<Int64>, wait: Duration) async throws -> (any BlobReader)? {
        guard digest == self.digest else { return nil }
        if let reader = reader.withLock({ $0 }) { return reader }
        guard wait > .zero else { return nil }
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        arrivals.withLock { $0.append(continuation) }
        waits.yield()
        for await _ in stream {}
        return reader.withLock { $0 }
    }

    func pieceReport(of digest: Digest, began: UInt64?, since: Int, asker: NodeID?) -> PieceReport? {
        askers.withLock { $0.append(asker) }
        return PieceReport(
            size: Int64(blob.count), began: 3, since: began == 3 ? since : 0, arrivals: [], hasMore: false,
            fetching: "0", upstream: true)
    }

    func partialBlob(_ digest: Digest) -> PartialBlob? { PartialBlob(size: Int64(blob.count), pieces: "") }
    func otherHolders(of digest: Digest, piece: Int) -> [NodeID] { [] }
    func chain(of digest: Digest) -> [UInt8]? { [UInt8](repeating: 9, count: 32) }
    func offeredSize(of digest: Digest) -> Int64? { nil }
    func openOffered(_ digest: Digest) async throws -> (any BlobReader)? { nil }
    func acquireUpload(of digest: Digest, to address: String, inSwarm: Bool) -> (any Sendable)? { 1 }
    func uploaded(_ digest: Digest, bytes: Int64) {}

    func inventoryPage(epoch: UInt64?, since: UInt64?, next: String?) -> InventoryPage {
        InventoryPage(epoch: 1, version: 1, full: true, added: [])
    }

    func nodeDocument() -> NodeDocument { NodeDocument(identity: identity, version: 1, key: nil, port: 5051) }
}

extension PeerPatience {
    /// For tests: what keeps them waiting is this machine, not the peer.
    static let long = PeerPatience(
        connect: .seconds(30), handshake: .seconds(30), head: .seconds(30), silence: .seconds(30), report: .seconds(30),
        chain: .seconds(30),
        refusal: .seconds(30))
}

/// The cluster key at the door, as the agent has it.
struct KeyGate: PeerGate {
    let authenticator: PeerAuthenticator

    init(_ key: ClusterKey, _ identity: NodeIdentity) {
        authenticator = PeerAuthenticator(key: key, identity: identity)
    }

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

/// Bytes in an unlinked file.
private struct MemoryReader: BlobReader {
    let file: OpenFile
    let size: Int64

    init(_ bytes: [UInt8]) throws {
        var template = Array("/tmp/transfer-test-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw LocalPeerError(errno: errno) }
        unlink(template)
        file = OpenFile(adopting: descriptor)
        size = Int64(bytes.count)
        guard bytes.withUnsafeBytes({ pwrite(descriptor, $0.baseAddress, $0.count, 0) }) == bytes.count else {
            throw LocalPeerError(errno: errno)
        }
    }

    func next(at offset: Int64, limit: Int64) async throws -> FileSlice {
        FileSlice(file: file, offset: offset, length: min(limit, size - offset))
    }

    func close() {}
}

struct LocalPeerError: Error {
    var errno: CInt
}
