import Discovery
import NIOCore
import NIOHTTP1
import OCI
import Testing

@testable import Gateway

@Suite("Peer routes", .timeLimit(.minutes(1)))
struct PeerResponderTests {
    static let blob = "/v1/blobs/\(StubPeer.blobDigest)"
    static let absent = "/v1/blobs/sha256:" + String(repeating: "c", count: 64)

    private static func pieces(of blob: String) -> String { blob.replacing("/blobs/", with: "/pieces/") }

    private static func request(
        _ method: HTTPMethod, _ target: String, _ headers: [(String, String)] = []
    ) -> HTTPRequest {
        let parts = target.split(separator: "?", maxSplits: 1)
        return HTTPRequest(
            method: method, path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : nil,
            headers: HTTPHeaders(headers))
    }

    private static func text(_ response: HTTPResponse) -> String {
        switch response.body {
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .blob(let blob): "\(blob.range)"
        case .none: ""
        case .stream: "stream"
        }
    }

    @Test(
        "A blob that is offered is answered by ranges",
        arguments: [
            (nil, 200, "0..<1000", nil), ("bytes=0-0", 206, "0..<1", "bytes 0-0/1000"),
            ("bytes=500-", 206, "500..<1000", "bytes 500-999/1000"),
            ("bytes=-1", 206, "999..<1000", "bytes 999-999/1000"),
            ("bytes=0-1,3-4", 200, "0..<1000", nil), ("octets=0-1", 200, "0..<1000", nil),
        ] as [(String?, UInt, String, String?)])
    func blobs(range: String?, status: UInt, body: String, contentRange: String?) async {
        let headers = range.map { [("Range", $0)] } ?? []
        let response = await PeerResponder(backend: StubPeer(), gate: nil).respond(
            to: Self.request(.GET, Self.blob, headers))
        #expect(response.status.code == status)
        #expect(Self.text(response) == body)
        #expect(response.headers.first(name: "Content-Range") == contentRange)
        #expect(response.headers.first(name: "ETag") == "\"\(StubPeer.blobDigest)\"")
        #expect(response.headers.first(name: "Accept-Ranges") == "bytes")
    }

    @Test(
        "What is no such question gets its status as a problem document",
        arguments: [
            (.GET, "/", 404), (.GET, "/v1", 404), (.GET, "/v1/", 404), (.GET, "/v1/nodes", 404),
            (.GET, "/v1/node/", 404),
            (.GET, "/v2/", 404), (.GET, "/v1/blobs", 404), (.GET, "/v1/blobs/a/b", 404), (.GET, absent, 404),
            (.HEAD, absent, 404), (.GET, "/v1/blobs/", 400), (.GET, "/v1/blobs/sha256:abc", 400),
            (.GET, "/v1/blobs/../../etc/passwd", 404), (.GET, "/v1/blobs/..%2f..%2fetc%2fpasswd", 400),
            (.POST, blob, 405), (.PUT, "/v1/node", 405), (.DELETE, "/v1/inventory", 405), (.OPTIONS, "/v1/node", 405),
            (.GET, "/v1/inventory?epoch=x", 400), (.GET, "/v1/inventory?epoch=-1", 400),
            (.GET, "/v1/inventory?epoch=+1", 400),
            (.GET, "/v1/inventory?epoch=18446744073709551616", 400), (.GET, "/v1/inventory?epoch=", 400),
            (.GET, "/v1/inventory?epoch=1&epoch=2", 400), (.GET, "/v1/inventory?since=1", 400),
            (.GET, "/v1/inventory?epoch=1&since=1.5", 400),
            (.GET, "/v1/inventory?next=\(String(repeating: "a", count: 2000))", 400),
            (.GET, "/v1/pieces/sha256:abc", 400), (.GET, "/v1/pieces", 404), (.GET, pieces(of: absent), 404),
            (.GET, pieces(of: blob) + "?began=x", 400), (.GET, pieces(of: blob) + "?since=1", 400),
            (.GET, pieces(of: blob) + "?began=1&since=-1", 400), (.POST, pieces(of: blob), 405),
            (.GET, "/v1/chain/sha256:abc", 400), (.GET, "/v1/chain/\(StubPeer.blobDigest)/x", 404),
            (.GET, "/v1/chain/sha256:" + String(repeating: "c", count: 64), 404),
        ] as [(HTTPMethod, String, UInt)])
    func problems(method: HTTPMethod, target: String, status: UInt) async {
        let backend = StubPeer()
        let response = await PeerResponder(backend: backend, gate: nil).respond(to: Self.request(method, target))
        #expect(response.status.code == status)
        #expect(response.headers.first(name: "Content-Type") == "application/problem+json")
        #expect((status == 405) == (response.headers.first(name: "Allow") == "GET, HEAD"))
        #expect(backend.questions == [])
    }

    @Test("A range behind the end is 416 and tells the size")
    func unsatisfiable() async {
        let backend = StubPeer()
        let response = await PeerResponder(backend: backend, gate: nil)
            .respond(to: Self.request(.GET, Self.blob, [("Range", "bytes=1000-")]))
        #expect(response.status == .rangeNotSatisfiable)
        #expect(response.headers.first(name: "Content-Range") == "bytes */1000")
        #expect(response.headers.first(name: "Content-Type") == "application/problem+json")
        #expect(backend.free == 1)
    }

    @Test("HEAD tells the size without opening the blob or taking a slot")
    func head() async {
        let backend = StubPeer(slots: 0)
        let response = await PeerResponder(backend: backend, gate: nil).respond(to: Self.request(.HEAD, Self.blob))
        #expect(response.status == .ok)
        #expect(response.headers.first(name: "Content-Length") == "1000")
        #expect(backend.questions == [])
    }

    @Test("Who has the blob already is told 304")
    func notModified() async {
        let headers = [("If-None-Match", "\"\(StubPeer.blobDigest)\"")]
        let response = await PeerResponder(backend: StubPeer(), gate: nil).respond(
            to: Self.request(.GET, Self.blob, headers))
        #expect(response.status == .notModified)
    }

    @Test("Without a free slot the answer is 503 and when to try again")
    func noSlot() async {
        let response = await PeerResponder(backend: StubPeer(slots: 0), gate: nil).respond(
            to: Self.request(.GET, Self.blob))
        #expect(response.status == .serviceUnavailable)
        #expect(response.headers.first(name: "Retry-After") == "1")
        #expect(response.headers.first(name: "Content-Type") == "application/problem+json")
    }

    @Test("A blob whose file has another size than the inventory says is not served, and its slot is free again")
    func wrongSize() async {
        let backend = StubPeer(heldSize: 999)
        let response = await PeerResponder(backend: backend, gate: nil).respond(to: Self.request(.GET, Self.blob))
        #expect(response.status == .notFound)
        #expect(backend.free == 1)
    }

    @Test("A slot counts for the address that asks")
    func slotOfAddress() async throws {
        let backend = StubPeer(slots: 2)
        for (address, range) in [("192.0.2.1", nil), ("2001:db8::2", "bytes=0-0")] as [(String, String?)] {
            var request = Self.request(.GET, Self.blob, range.map { [("Range", $0)] } ?? [])
            request.remoteAddress = try SocketAddress(ipAddress: address, port: 4242)
            _ = await PeerResponder(backend: backend, gate: nil).respond(to: request)
        }
        #expect(backend.askers == ["192.0.2.1", "2001:db8::2"])
    }

    @Test("Of inventories and chains only so many are on their way to one address, and others get theirs")
    func documents() async throws {
        let responder = PeerResponder(backend: StubPeer(), gate: nil)
        func ask(_ path: String, from address: String) async throws -> HTTPResponse {
            var request = Self.request(.GET, path)
            request.remoteAddress = try SocketAddress(ipAddress: address, port: 4242)
            return await responder.respond(to: request)
        }
        let paths = ["/v1/inventory", "/v1/chain/\(StubPeer.blobDigest)"]
        var held: [HTTPResponse] = []
        for number in 0..<PeerResponder.documentLimit.perAddress {
            held.append(try await ask(paths[number % 2], from: "192.0.2.1"))
        }
        #expect(held.allSatisfy { $0.status == .ok })
        for path in paths {
            let refused = try await ask(path, from: "192.0.2.1")
            #expect(refused.status == .serviceUnavailable)
            #expect(refused.headers.first(name: "Retry-After") == "1")
            let other = try await ask(path, from: "192.0.2.2")
            #expect(other.status == .ok)
        }
        // What is no such document is not kept waiting.
        let node = try await ask("/v1/node", from: "192.0.2.1")
        #expect(node.status == .ok)
        held.removeAll()
        let again = try await ask(paths[0], from: "192.0.2.1")
        #expect(again.status == .ok)
        #expect(responder.documents.count == 1)
        withExtendedLifetime(again) {}
    }

    @Test("A slot is held until the upload is over, and its bytes are counted")
    func slotAndBytes() async throws {
        let backend = StubPeer(size: 1 << 20)
        try await withServer(PeerResponder(backend: backend, gate: nil)) { address in
            try await withClient(address) { client async throws in
                for _ in 0..<3 {
                    let response = try await client.get(Self.blob)
                    #expect(response.body == pattern(0..<(1 << 20)))
                    let bytes = try await backend.uploads.next()
                    #expect(bytes == 1 << 20)
                    while backend.free == 0 { await Task.yield() }
                }
            }
        }
    }

    @Test(
        "The inventory's parameters arrive as numbers",
        arguments: [
            ("/v1/inventory", "page - - -"), ("/v1/inventory?epoch=7&since=0", "page 7 0 -"),
            ("/v1/inventory?epoch=18446744073709551615&since=3&next=b:x", "page 18446744073709551615 3 b:x"),
            ("/v1/inventory?next=r%3Aa%2Fb&other=1", "page - - r:a/b"),
        ])
    func inventory(target: String, question: String) async {
        let backend = StubPeer()
        let response = await PeerResponder(backend: backend, gate: nil).respond(to: Self.request(.GET, target))
        #expect(response.status == .ok)
        #expect(response.headers.first(name: "Content-Type") == "application/json")
        #expect(backend.questions == [question])
        #expect(Self.text(response).contains("\"version\":3"))
    }

    @Test("Who is busy says who else has the piece, eight at most, and never the asker")
    func busyHolders() async {
        let others = (0..<12).map { _ in NodeID.random() }
        let backend = StubPeer(size: 100 << 20, slots: 0, others: others)
        let response = await PeerResponder(backend: backend, gate: nil).respond(
            to: Self.request(.GET, Self.blob, [("Range", "bytes=8388608-8388609"), ("Shoal-Node", others[0].hex)]))
        #expect(response.status == .serviceUnavailable)
        #expect(response.headers.first(name: "Retry-After") == "1")
        let named = others[1...8].map(\.hex).joined(separator: ",")
        #expect(response.headers.first(name: "Shoal-Holders") == named)
        #expect(backend.questions == ["swarm", "holders 2"])
    }

    @Test(
        "Who names itself takes a place among the blob's pieces",
        arguments: [
            ("00112233445566778899aabbccddeeff", true), ("00112233445566778899AABBCCDDEEFF", true), (nil, false),
            ("", false), ("me", false), ("00112233445566778899aabbccddeeff00", false),
        ] as [(String?, Bool)])
    func swarmMark(node: String?, isInSwarm: Bool) async {
        let backend = StubPeer()
        _ = await PeerResponder(backend: backend, gate: nil).respond(
            to: Self.request(.GET, Self.blob, node.map { [("Shoal-Node", $0)] } ?? []))
        #expect(backend.questions == (isInSwarm ? ["swarm", "open"] : ["open"]))
    }

    @Test(
        "The report of pieces is asked for what came since, and learns who asks",
        arguments: [
            ("", nil, "pieces - 0 -"), ("?began=5", nil, "pieces 5 0 -"),
            ("?began=5&since=1025", nil, "pieces 5 1025 -"),
            ("?began=18446744073709551615&since=18446744073709551615", nil, "pieces 18446744073709551615 \(Int.max) -"),
            ("", "00112233445566778899aabbccddeeff", "pieces - 0 00112233445566778899aabbccddeeff"),
            ("", "someone", "pieces - 0 -"),
        ] as [(String, String?, String)])
    func pieceReport(query: String, node: String?, question: String) async {
        let backend = StubPeer()
        let response = await PeerResponder(backend: backend, gate: nil).respond(
            to: Self.request(.GET, Self.pieces(of: Self.blob) + query, node.map { [("Shoal-Node", $0)] } ?? []))
        #expect(response.status == .ok)
        #expect(response.headers.first(name: "Content-Type") == "application/json")
        #expect(response.headers.first(name: "Cache-Control") == "no-store")
        #expect(backend.questions == [question])
        #expect(Self.text(response).contains("\"began\":5"))
    }

    @Test("A chain goes out as it is encoded")
    func chain() async {
        let response = await PeerResponder(backend: StubPeer(), gate: nil).respond(
            to: Self.request(.GET, "/v1/chain/\(StubPeer.blobDigest)"))
        #expect(response.status == .ok)
        #expect(response.headers.first(name: "Content-Type") == "application/vnd.shoal.sha256-chain.v1")
        #expect(Self.text(response).utf8.elementsEqual(StubPeer.chain))
    }

    // MARK: With a cluster key

    @Test("With a key the asker is who signed the request, whatever it claims")
    func signedAsker() async {
        let backend = StubPeer()
        let target = Self.pieces(of: Self.blob)
        let response = await PeerResponder(backend: backend, gate: StubGate()).respond(
            to: Self.request(
                .GET, target,
                [
                    ("Authorization", "Shoal signed GET \(target) -"), ("Shoal-Challenge", "mine"),
                    ("Shoal-Node", "00112233445566778899aabbccddeeff"),
                ]))
        #expect(response.status == .ok)
        #expect(backend.questions == ["pieces - 0 \(StubGate.signer)"])
        #expect(response.headers.first(name: "Shoal-Proof") == "proof of mine \(Self.text(response).utf8.count)")
    }

    @Test("A chain is proven, too")
    func provenChain() async {
        let target = "/v1/chain/\(StubPeer.blobDigest)"
        let response = await PeerResponder(backend: StubPeer(), gate: StubGate()).respond(
            to: Self.request(
                .GET, target, [("Authorization", "Shoal signed GET \(target) -"), ("Shoal-Challenge", "mine")]))
        #expect(response.headers.first(name: "Shoal-Proof") == "proof of mine 64")
    }

    @Test(
        "With a key everything but /v1/node needs a signature over method, target and range",
        arguments: [
            ("/v1/node", nil, nil, 200), (blob, nil, nil, 401), (blob, "Shoal signed GET \(blob) -", nil, 200),
            (blob, "Shoal signed GET \(blob) -", "bytes=0-1", 401),
            (blob, "Shoal signed GET \(blob) bytes=0-1", "bytes=0-1", 206),
            (blob, "Shoal signed HEAD \(blob) -", nil, 401),
            (absent, nil, nil, 401), (pieces(of: blob), nil, nil, 401),
            ("/v1/chain/\(StubPeer.blobDigest)", nil, nil, 401),
            ("/v1/inventory?epoch=1", "Shoal signed GET /v1/inventory -", nil, 401),
            ("/v1/inventory?epoch=1", "Shoal signed GET /v1/inventory?epoch=1 -", nil, 200),
        ] as [(String, String?, String?, UInt)])
    func signed(target: String, authorization: String?, range: String?, status: UInt) async {
        var headers: [(String, String)] = []
        if let authorization { headers.append(("Authorization", authorization)) }
        if let range { headers.append(("Range", range)) }
        let response = await PeerResponder(backend: StubPeer(), gate: StubGate())
            .respond(to: Self.request(.GET, target, headers))
        #expect(response.status.code == status)
        guard status == 401 else { return }
        #expect(response.headers.first(name: "Shoal-Nonce") == "nonce")
        #expect(response.headers.first(name: "WWW-Authenticate") == "Shoal")
        #expect(response.headers.first(name: "Content-Type") == "application/problem+json")
    }

    @Test("Whoever sends a challenge gets a proof over the body")
    func proof() async {
        let responder = PeerResponder(backend: StubPeer(), gate: StubGate())
        let node = await responder.respond(to: Self.request(.GET, "/v1/node", [("Shoal-Challenge", "mine")]))
        #expect(node.headers.first(name: "Shoal-Proof") == "proof of mine \(Self.text(node).utf8.count)")
        #expect(node.headers.first(name: "Shoal-Nonce") == "nonce")
        let unasked = await responder.respond(to: Self.request(.GET, "/v1/node"))
        #expect(!unasked.headers.contains(name: "Shoal-Proof"))
        let long = [("Shoal-Challenge", String(repeating: "a", count: 300))]
        #expect(await responder.respond(to: Self.request(.GET, "/v1/node", long)).status == .badRequest)
        let keyless = PeerResponder(backend: StubPeer(), gate: nil)
        let plain = await keyless.respond(to: Self.request(.GET, "/v1/node", [("Shoal-Challenge", "mine")]))
        #expect(!plain.headers.contains(name: "Shoal-Proof") && !plain.headers.contains(name: "Shoal-Nonce"))
    }
}
