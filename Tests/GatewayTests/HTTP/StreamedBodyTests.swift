import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import Gateway

@Suite("Bodies that are read while they arrive")
struct StreamedBodyTests {
    @Test("The responder gets the bytes as they come, before the request is whole")
    func streams() async throws {
        let taker = Taker()
        try await withServer(taker) { address in
            try await withClient(address) { client in
                try await client.send("PUT /take HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhello")
                await taker.until(5)
                try await client.send("world")
                let response = try await client.response()
                #expect(response.status == 200)
                #expect(response.text == "helloworld")
            }
        }
    }

    @Test("Bytes that come slower than records of TLS are whole still make the whole body", arguments: Wire.allCases)
    func inParts(wire: Wire) async throws {
        let size = 64 << 10
        try await withServer(Taker(), over: wire) { address in
            // A record has 16 KiB.
            try await withClient(address, over: wire, inPartsOf: 1000) { client async throws in
                for _ in 0..<2 {
                    try await client.send("PUT /count HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(size)\r\n\r\n")
                    try await client.send(String(repeating: "x", count: size))
                    #expect(try await client.response().text == "\(size)")
                }
            }
        }
    }

    @Test("A request that says that it is the connection's last is read to its end, too")
    func last() async throws {
        try await withServer(Taker()) { address in
            try await withClient(address) { client in
                try await client.send(
                    "PUT /take HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 10\r\n\r\nhello")
                try await client.send("world")
                #expect(try await client.response().text == "helloworld")
                #expect(try await client.rest().isEmpty)
            }
        }
    }

    @Test("A chunked body is as good, and another request follows on the same connection")
    func chunked() async throws {
        try await withServer(Taker()) { address in
            try await withClient(address) { client in
                for _ in 0..<3 {
                    try await client.send(
                        "PUT /take HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                            + "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n")
                    #expect(try await client.response().text == "hello!")
                }
                #expect(try await client.get("/take").status == 200)
            }
        }
    }

    @Test("Of many megabytes no more than a bound waits in memory for a reader that is slow")
    func backpressure() async throws {
        let taker = Taker(isHeld: true)
        let size = 32 << 20
        try await withServer(taker) { address in
            async let text = withClient(address) { client in
                try await client.send("PUT /count HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(size)\r\n\r\n")
                let part = String(repeating: "x", count: 1 << 20)
                for _ in 0..<32 { try await client.send(part) }
                return try await client.response().text
            }
            // The kernel's buffers take some; what the server has read of it is bounded.
            try await taker.waiting()
            #expect(taker.buffered <= RequestBody.limit + (256 << 10))
            taker.release()
            #expect(try await text == "\(size)")
        }
    }

    @Test("Who waits for 100 Continue is invited when the body is wanted, and not before")
    func invitation() async throws {
        try await withServer(Taker()) { address in
            try await withClient(address) { client in
                try await client.send(
                    "PUT /take HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
                #expect(try await client.head().status == 100)
                try await client.send("ok")
                #expect(try await client.response().text == "ok")
            }
            try await withClient(address) { client in
                try await client.send(
                    "PUT /refuse HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
                let response = try await client.response()
                #expect(response.status == 403)
                #expect(response["Connection"] == "close")
                #expect(try await client.rest().isEmpty)
            }
        }
    }

    @Test("A small body that nobody wanted is passed over; after a large one the connection ends, with the answer")
    func unread() async throws {
        try await withServer(Taker()) { address in
            try await withClient(address) { client in
                try await client.send("PUT /refuse HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello")
                #expect(try await client.response().status == 403)
                #expect(try await client.get("/take").status == 200)
            }
            try await withClient(address) { client in
                try await client.send(
                    "PUT /refuse HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n"
                        + String(repeating: "x", count: 600_000))
                let response = try await client.response()
                #expect(response.status == 403)
                #expect(response["Connection"] == "close")
            }
        }
    }

    @Test("A client that goes away in the middle breaks the body")
    func clientGone() async throws {
        let taker = Taker()
        try await withServer(taker) { address in
            try await withClient(address) { client in
                try await client.send("PUT /take HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhello")
                await taker.until(5)
            }
            // It may be noticed as the end of the connection first.
            #expect([.bodyBrokenOff, nil].contains(try await taker.ended.next()))
        }
    }

    @Test("A client that stops sending is told so after the time for that")
    func idle() async throws {
        var limits = HTTPLimits()
        limits.bodyIdleTime = .milliseconds(200)
        let taker = Taker()
        try await withServer(taker, limits: limits) { address in
            try await withClient(address) { client in
                try await client.send("PUT /take HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhello")
                let response = try await client.response()
                #expect(response.status == 408)
                #expect(response["Connection"] == "close")
            }
            #expect(try await taker.ended.next() == .tooSlow)
        }
    }

    @Test("A chunk that makes no sense breaks the body, and the connection with it")
    func malformed() async throws {
        try await withServer(Taker()) { address in
            try await withClient(address) { client in
                try await client.send(
                    "PUT /take HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n")
                let response = try await client.response()
                #expect(response.status == 400)
                #expect(response["Connection"] == "close")
            }
        }
    }

    @Test("One that begins behind a request before it is told that no more of it is read, and answered so")
    func pipelined() async throws {
        let taker = Taker()
        try await withServer(taker) { address in
            try await withClient(address) { client async throws in
                let put = "PUT /take HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhello"
                try await client.send("GET /first HTTP/1.1\r\nHost: localhost\r\n\r\n" + put)
                #expect(try await client.response().text == "gathered ")
                let response = try await client.response()
                #expect(response.status == 408)
                #expect(response["Connection"] == "close")
                #expect(try await taker.ended.next() == .bodyBrokenOff)
            }
        }
    }

    @Test("Requests that the responder does not stream are gathered as before")
    func gathered() async throws {
        try await withServer(Taker()) { address in
            try await withClient(address) { client in
                try await client.send("GET /take HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello")
                #expect(try await client.response().text == "gathered hello")
            }
        }
    }
}

/// Streams the bodies of PUTs: echoes or counts what it is given, or refuses without a look.
private final class Taker: HTTPResponder {
    private struct State {
        var received = 0
        var waiters: [(Int, CheckedContinuation<Void, Never>)] = []
        var body: RequestBody?
    }

    private let state = Mutex(State())
    private let hold: Signal<Void>?
    private let began = Signal<Void>()
    let ended = Signal<HTTPRefusal.Reason?>()

    init(isHeld: Bool = false) {
        hold = isHeld ? Signal() : nil
    }

    var buffered: Int { state.withLock { $0.body?.buffered ?? 0 } }
    func release() { hold?.send(()) }

    /// Until the first bytes have come and nobody takes them.
    func waiting() async throws {
        try await began.next()
        while buffered < RequestBody.limit { try await Task.sleep(for: .milliseconds(5)) }
        // Some more turns of the event loop: it must not read on.
        for _ in 0..<20 { try await Task.sleep(for: .milliseconds(5)) }
    }

    func until(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.received >= count { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    func streamsBody(of method: HTTPMethod, path: String) -> Bool { method == .PUT }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        guard request.path != "/refuse" else { return .problem(.forbidden, "no") }
        guard let stream = request.stream else {
            return HTTPResponse(status: .ok, body: .bytes(Array("gathered \(String(buffer: request.body))".utf8)))
        }
        state.withLock { $0.body = stream as? RequestBody }
        began.send(())
        if let hold { try? await hold.next() }
        var bytes: [UInt8] = []
        var count = 0
        do {
            while let chunk = try await stream.next() {
                count += chunk.readableBytes
                if request.path == "/take" { bytes += chunk.readableBytesView }
                note(chunk.readableBytes)
            }
        } catch {
            let refusal = error as? HTTPRefusal
            ended.send(refusal?.reason)
            return .problem(refusal?.reason.status ?? .internalServerError, "\(error)")
        }
        return HTTPResponse(status: .ok, body: .bytes(request.path == "/take" ? bytes : Array("\(count)".utf8)))
    }

    private func note(_ count: Int) {
        let ready = state.withLock { state in
            state.received += count
            let ready = state.waiters.filter { $0.0 <= state.received }
            state.waiters.removeAll { $0.0 <= state.received }
            return ready
        }
        for waiter in ready { waiter.1.resume() }
    }
}
