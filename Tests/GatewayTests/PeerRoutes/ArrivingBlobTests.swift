import Content
import Discovery
import NIOCore
import NIOHTTP1
import OCI
import Testing

@testable import Gateway

@Suite("Blobs that are arriving", .timeLimit(.minutes(1)))
struct ArrivingBlobTests {
    private static let path = "/v1/blobs/\(ArrivingPeer.digest)"

    private static func request(
        _ method: HTTPMethod = .GET, range: String?, wait: String? = nil, node: NodeID? = nil,
        from address: String = "192.0.2.1"
    ) throws -> HTTPRequest {
        var headers = HTTPHeaders()
        if let range { headers.add(name: "Range", value: range) }
        if let wait { headers.add(name: "Prefer", value: wait) }
        if let node { headers.add(name: "Shoal-Node", value: node.hex) }
        return HTTPRequest(
            method: method, path: path, headers: headers,
            remoteAddress: try SocketAddress(ipAddress: address, port: 1))
    }

    private static func respond(_ backend: ArrivingPeer, _ request: HTTPRequest) async -> HTTPResponse {
        await PeerResponder(backend: backend, gate: nil).respond(to: request)
    }

    private static func range(_ response: HTTPResponse) -> Range<Int64>? {
        guard case .blob(let blob) = response.body else { return nil }
        return blob.range
    }

    // MARK: What is here, and what is not

    @Test(
        "Bytes that are here go out at once",
        arguments: [
            ("bytes=0-9", 0..<10, "bytes 0-9/1000"), ("bytes=990-5000", 990..<1000, "bytes 990-999/1000"),
            ("bytes=1-9223372036854775807", 1..<1000, "bytes 1-999/1000"),
            ("bytes=1-99999999999999999999", 1..<1000, "bytes 1-999/1000"),
        ] as [(String, Range<Int64>, String)])
    func here(range: String, bytes: Range<Int64>, contentRange: String) async throws {
        let backend = ArrivingPeer(try WholeReader(1000))
        let response = await Self.respond(backend, try Self.request(range: range))
        #expect(response.status == .partialContent)
        #expect(Self.range(response) == bytes)
        #expect(response.headers.first(name: "Content-Range") == contentRange)
        #expect(response.headers.first(name: "ETag") == "\"\(ArrivingPeer.digest)\"")
        #expect(!response.headers.contains(name: "Preference-Applied"))
        #expect(backend.free == 0)
    }

    @Test(
        "What is no closed range is answered 404, with the pieces that are here",
        arguments: [nil, "bytes=5-", "bytes=-5", "bytes=0-1,3-4", "octets=0-1", "bytes=9-5"])
    func notClosed(range: String?) async throws {
        let response = await Self.respond(ArrivingPeer(try WholeReader(1000)), try Self.request(range: range))
        #expect(response.status == .notFound)
        #expect(response.headers.first(name: "Shoal-Pieces") == ArrivingPeer.pieces)
        #expect(response.headers.first(name: "Content-Type") == "application/problem+json")
    }

    @Test("Who would rather not wait is told at once that the bytes are not here")
    func missing() async throws {
        let response = await Self.respond(ArrivingPeer(), try Self.request(range: "bytes=0-9"))
        #expect(response.status == .notFound)
        #expect(response.headers.first(name: "Shoal-Pieces") == ArrivingPeer.pieces)
        #expect(!response.headers.contains(name: "Preference-Applied"))
    }

    @Test("A range behind the end is 416, whatever has arrived")
    func behind() async throws {
        let response = await Self.respond(ArrivingPeer(), try Self.request(range: "bytes=1000-1001", wait: "wait=5"))
        #expect(response.status == .rangeNotSatisfiable)
        #expect(response.headers.first(name: "Content-Range") == "bytes */1000")
    }

    @Test("A blob that is not arriving is a plain 404, also to who would wait")
    func absent() async throws {
        var request = try Self.request(range: "bytes=0-9", wait: "wait=5")
        request.path = "/v1/blobs/sha256:" + String(repeating: "e", count: 64)
        let response = await Self.respond(ArrivingPeer(), request)
        #expect(response.status == .notFound)
        #expect(!response.headers.contains(name: "Shoal-Pieces"))
    }

    @Test("HEAD tells the size of the whole and the pieces, and takes no slot")
    func head() async throws {
        let backend = ArrivingPeer()
        let response = await Self.respond(backend, try Self.request(.HEAD, range: nil))
        #expect(response.status == .ok)
        #expect(response.headers.first(name: "Content-Length") == "1000")
        #expect(response.headers.first(name: "Shoal-Pieces") == ArrivingPeer.pieces)
        #expect(backend.free == 1)
    }

    @Test("Without a slot the answer is 503, and the bytes are let go")
    func noSlot() async throws {
        let reader = try WholeReader(1000)
        let others = (0..<3).map { _ in NodeID.random() }
        let backend = ArrivingPeer(reader, slots: 0, others: others)
        let response = await Self.respond(backend, try Self.request(range: "bytes=0-9", node: others[1]))
        #expect(response.status == .serviceUnavailable)
        #expect(response.headers.first(name: "Retry-After") == "1")
        #expect(response.headers.first(name: "Shoal-Holders") == "\(others[0].hex),\(others[2].hex)")
        try await reader.closed.next()
    }

    // MARK: Waiting

    @Test(
        "Who waits holds no slot, and is answered when the first byte is here",
        arguments: [("wait=3", 3), ("wait=99", 15), ("respond-async, wait=\"4\"", 4)])
    func wait(preference: String, seconds: Int) async throws {
        let backend = ArrivingPeer()
        async let response = Self.respond(backend, try Self.request(range: "bytes=0-9", wait: preference))
        #expect(try await backend.waits.next() == .seconds(seconds))
        #expect(backend.free == 1)
        backend.arrive(try WholeReader(1000))
        let answer = try await response
        #expect(answer.status == .partialContent)
        #expect(answer.headers.first(name: "Preference-Applied") == "wait=\(seconds)")
        #expect(backend.free == 0)
    }

    @Test("The answer streams on as more comes in")
    func streams() async throws {
        let backend = ArrivingPeer()
        let reader = try SteppingReader(1000, steps: [400, 900])
        try await withServer(PeerResponder(backend: backend, gate: nil)) { address in
            try await withClient(address) { client async throws in
                try await client.send(
                    "GET \(Self.path) HTTP/1.1\r\nHost: x\r\nRange: bytes=100-899\r\nPrefer: wait=5\r\n\r\n")
                _ = try await backend.waits.next()
                backend.arrive(reader)
                let head = try await client.head()
                #expect(head.status == 206)
                #expect(head["Content-Length"] == "800")
                #expect(try await client.bytes(300) == pattern(100..<400))
                reader.step()
                #expect(try await client.bytes(500) == pattern(400..<900))
            }
        }
        try await reader.closed.next()
        while backend.free == 0 { await Task.yield() }
    }

    @Test("A wait in vain ends as 404, with what is here")
    func inVain() async throws {
        let backend = ArrivingPeer()
        async let response = Self.respond(backend, try Self.request(range: "bytes=0-9", wait: "wait=2"))
        _ = try await backend.waits.next()
        backend.giveUp()
        let answer = try await response
        #expect(answer.status == .notFound)
        #expect(answer.headers.first(name: "Shoal-Pieces") == ArrivingPeer.pieces)
        #expect(answer.headers.first(name: "Preference-Applied") == "wait=2")
    }

    @Test("A blob that became whole meanwhile is answered as such")
    func becameWhole() async throws {
        let backend = ArrivingPeer()
        async let response = Self.respond(backend, try Self.request(range: "bytes=0-9", wait: "wait=2"))
        _ = try await backend.waits.next()
        backend.becomeWhole()
        let answer = try await response
        #expect(answer.status == .partialContent)
        #expect(answer.headers.first(name: "Content-Range") == "bytes 0-9/1000")
    }

    @Test("When all slots are taken by the time the first byte comes, who waited is sent to others at once")
    func taken() async throws {
        let backend = ArrivingPeer(slots: 0, others: [NodeID.random()])
        async let response = Self.respond(backend, try Self.request(range: "bytes=0-9", wait: "wait=2"))
        _ = try await backend.waits.next()
        let reader = try WholeReader(1000)
        backend.arrive(reader)
        let answer = try await response
        #expect(answer.status == .serviceUnavailable)
        #expect(answer.headers.first(name: "Shoal-Holders") == backend.others[0].hex)
        try await reader.closed.next()
    }

    @Test(
        "Who comes when too many wait is sent to others, unless the bytes are here",
        arguments: [(["192.0.2.1"], 8), (["192.0.2.1", "2001:db8::1"], 16), ((1...9).map { "192.0.2.\($0)" }, 64)])
    func crowded(addresses: [String], places: Int) async throws {
        let backend = ArrivingPeer(slots: places + 1, others: [NodeID.random()])
        let responder = PeerResponder(backend: backend, gate: nil)
        try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
            for index in 0..<places {
                let request = try Self.request(
                    range: "bytes=0-9", wait: "wait=9", from: addresses[index % addresses.count])
                group.addTask { await responder.respond(to: request) }
                _ = try await backend.waits.next()
            }
            let more = try Self.request(range: "bytes=0-9", wait: "wait=9", from: addresses[0])
            let refused = await responder.respond(to: more)
            #expect(refused.status == .serviceUnavailable)
            #expect(refused.headers.first(name: "Shoal-Holders") == backend.others[0].hex)
            backend.arrive(try WholeReader(1000))
            #expect(await responder.respond(to: more).status == .partialContent)
            for try await _ in group {}
            #expect(responder.waits.count == 0)
        }
    }

    @Test(
        "How many may wait is as the operator says, in all and from one address",
        arguments: [(0, 8), (64, 0), (1, 8), (64, 1)])
    func configured(total: Int, perAddress: Int) async throws {
        let backend = ArrivingPeer(slots: 2, others: [NodeID.random()])
        var limits = WaitLimits()
        (limits.total, limits.perAddress) = (total, perAddress)
        let responder = PeerResponder(backend: backend, gate: nil, waits: limits)
        let request = try Self.request(range: "bytes=0-9", wait: "wait=9")
        try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
            if min(total, perAddress) > 0 {
                group.addTask { await responder.respond(to: request) }
                _ = try await backend.waits.next()
            }
            let refused = await responder.respond(to: request)
            #expect(refused.status == .serviceUnavailable)
            #expect(refused.headers.first(name: "Retry-After") == "1")
            #expect(refused.headers.first(name: "Shoal-Holders") == backend.others[0].hex)
            backend.arrive(try WholeReader(1000))
            for try await answer in group { #expect(answer.status == .partialContent) }
        }
    }

    @Test("When the client goes away its wait ends, and its place is free")
    func clientGone() async throws {
        let backend = ArrivingPeer()
        let responder = PeerResponder(backend: backend, gate: nil)
        try await withServer(responder) { address in
            try await withClient(address) { client async throws in
                try await client.send(
                    "GET \(Self.path) HTTP/1.1\r\nHost: x\r\nRange: bytes=0-9\r\nPrefer: wait=15\r\n\r\n")
                _ = try await backend.waits.next()
            }
            try await backend.cancelled.next()
            while responder.waits.count > 0 { await Task.yield() }
            #expect(backend.free == 1)
        }
    }

    // MARK: Patience

    @Test("An upload whose bytes stop coming ends")
    func patience() async throws {
        let reader = PatientReader(base: try SteppingReader(1000, steps: [400]), patience: .milliseconds(10))
        #expect(try await reader.next(at: 0, limit: 1000).length == 400)
        await #expect(throws: ArrivalStopped.self) { try await reader.next(at: 400, limit: 600) }
    }
}
