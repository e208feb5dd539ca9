import FoundationEssentials
import NIOPosix
import OCI
import Testing

@testable import Discovery
@testable import Transfer

/// The inventory of a peer as the client takes it: compressed or not, proved, and to a bound.
@Suite(.timeLimit(.minutes(1))) struct PeerInventoryTests {
    private static let identity = NodeIdentity(id: .random(), name: "peer", epoch: 7)

    private func document(blobs: Int = 500) throws -> [UInt8] {
        let entries = try (0..<blobs).map { number in
            let digits = String(number, radix: 16)
            let text = "sha256:" + String(repeating: "0", count: 64 - digits.count) + digits
            return InventoryEntry(digest: try Digest(text), size: 1)
        }
        return try Array(JSONEncoder().encode(InventoryPage(epoch: 7, version: 1, full: true, added: entries)))
    }

    private func gzip(_ bytes: [UInt8]) throws -> [UInt8] { try #require(GzipBody.compressed(bytes)) }

    /// What the client makes of an answer.
    private func read(_ body: [UInt8], _ headers: [(String, String)]) async throws -> InventoryPage {
        try await StubRegistry.with { stub in
            stub.route("/v1/inventory") { _ in StubResponse(200, headers, body: body) }
            return try await page(of: stub, signer: nil)
        }
    }

    private func page(of stub: StubRegistry, signer: PeerSigner?) async throws -> InventoryPage {
        let client = PeerClient(group: MultiThreadedEventLoopGroup.singleton, signer: signer)
        do {
            let page = try await client.inventory(
                at: PeerAddress(host: "127.0.0.1", port: stub.port), of: Self.identity.id, epoch: nil, since: nil,
                next: nil)
            await client.shutdown()
            return page
        } catch {
            await client.shutdown()
            throw error
        }
    }

    @Test("the client asks for gzip, and reads a page that is compressed and one that is not")
    func codings() async throws {
        let document = try document()
        try await StubRegistry.with { stub in
            stub.route("/v1/inventory") { request in
                request.headers["Accept-Encoding"] == ["gzip"]
                    ? StubResponse(200, [("Content-Encoding", "gzip")], body: GzipBody.compressed(document) ?? [])
                    : StubResponse(500)
            }
            #expect(try await page(of: stub, signer: nil).added.count == 500)
        }
        #expect(try await read(document, []).added.count == 500)
        #expect(try await read(document, [("Content-Encoding", "identity")]).added.count == 500)
    }

    @Test("a body that is cut or damaged is no page")
    func damaged() async throws {
        let body = try gzip(document())
        let coding = [("Content-Encoding", "gzip")]
        for wrong in [Array(body.dropLast()), Array(body.prefix(body.count / 2)), Array(body.dropFirst(3)), []] {
            await #expect(throws: DiscoveryError.self) { try await read(wrong, coding) }
        }
        var flipped = body
        flipped[body.count - 6] ^= 1
        await #expect(throws: DiscoveryError.self) { [flipped] in try await read(flipped, coding) }
    }

    @Test("a bomb is no page: eight mebibytes are the most that a body may stand for")
    func bomb() async throws {
        let spaces = [UInt8](repeating: UInt8(ascii: " "), count: PeerClient.documentLimit)
        let coding = [("Content-Encoding", "gzip")]
        await #expect(throws: DiscoveryError.self) { try await read(gzip(spaces + document()), coding) }
        let fitting = try document() + spaces.dropLast(64 << 10)
        #expect(try await read(gzip(fitting), coding).added.count == 500)
    }

    @Test(
        "another coding than the one that was asked for is refused",
        arguments: [[("Content-Encoding", "br")], [("Content-Encoding", "gzip, gzip")], [("Content-Encoding", "x")]])
    func unasked(headers: [(String, String)]) async throws {
        let body = try gzip(document())
        await #expect(throws: PeerAnswerError.self) { try await read(body, headers) }
    }

    @Test(
        "with a key the proof is over the bytes as they came, and nothing unproved is inflated",
        arguments: [true, false])
    func proof(isOverWhatIsSent: Bool) async throws {
        let key = try ClusterKey(secrets: [[UInt8](repeating: 1, count: 32)])
        let document = try document()
        let body = try gzip(document)
        let peer = PeerAuthenticator(key: key, identity: Self.identity)
        let about = try Array(
            JSONEncoder().encode(NodeDocument(identity: Self.identity, version: 1, key: key, port: 5051)))
        try await StubRegistry.with { stub in
            stub.route("/v1/node") { request in
                let challenge = request.headers.first(name: "Shoal-Challenge") ?? ""
                return StubResponse(
                    200,
                    [("Shoal-Nonce", peer.challenge()), ("Shoal-Proof", peer.proof(for: challenge, body: about))],
                    body: about)
            }
            stub.route("/v1/inventory") { request in
                let challenge = request.headers.first(name: "Shoal-Challenge") ?? ""
                let proof = peer.proof(for: challenge, body: isOverWhatIsSent ? body : document)
                return StubResponse(200, [("Content-Encoding", "gzip"), ("Shoal-Proof", proof)], body: body)
            }
            let own = NodeIdentity(id: .random(), name: "reader", epoch: 1)
            let signer = PeerSigner(key: key, identity: own)
            if isOverWhatIsSent {
                #expect(try await page(of: stub, signer: signer).added.count == 500)
            } else {
                await #expect(throws: PeerAnswerError.self) { try await page(of: stub, signer: signer) }
            }
        }
    }
}
