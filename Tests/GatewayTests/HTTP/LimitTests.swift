import NIOCore
import NIOHTTP1
import OCI
import Testing

@testable import Gateway

/// What is set is what counts, and what goes past it gets the status that HTTP has for it.
@Suite("Limits of the HTTP server", .timeLimit(.minutes(1)))
struct LimitTests {
    @Test("A request beyond those that may be answered at once is told to come back, and one that has ended makes room")
    func requests() async throws {
        let (asked, go) = (Signal<Void>(), Signal<Void>())
        let responder = StubResponder { request in
            guard request.path == "/slow" else { return .text("fine") }
            asked.send(())
            try? await go.next()
            return .text("slow")
        }
        var limits = HTTPLimits()
        limits.requests = 1
        try await withServer(responder, limits: limits) { address in
            try await withClient(address) { first in
                try await first.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
                try await asked.next()
                try await withClient(address) { second async throws in
                    let response = try await second.get("/")
                    #expect(response.status == 503)
                    #expect(response["Retry-After"] == "1")
                    #expect(try await second.rest() == [])
                }
                go.send(())
                #expect(try await first.response().text == "slow")
                #expect(try await first.get("/").text == "fine")
            }
        }
    }

    @Test("A client that leaves in the middle of its answer gives its place back")
    func clientGone() async throws {
        let asked = Signal<Void>()
        let responder = StubResponder { request in
            guard request.path == "/slow" else { return .text("fine") }
            asked.send(())
            try? await Task.sleep(for: .seconds(3600))
            return .text("never")
        }
        var limits = HTTPLimits()
        limits.requests = 1
        try await withServer(responder, limits: limits) { address in
            try await withClient(address) { client in
                try await client.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
                try await asked.next()
            }
            // The server notices the end in its own time.
            while try await withClient(address, { try await $0.get("/").status }) != 200 {}
        }
    }

    @Test(
        "To a runtime too many requests are what any mirror without time is: 503 and UNAVAILABLE, and it goes upstream")
    func mirror() throws {
        let responder = MirrorResponder(
            backend: StubMirror(), audience: .runtimes, allowsRemote: false, isConfiguredUpstream: { _ in false })
        for reason in [HTTPRefusal.Reason.tooManyRequests, .tooManyConnections] {
            let response = responder.refuse(HTTPRefusal(reason, "too much"))
            #expect(response.status == .serviceUnavailable)
            #expect(response.headers.first(name: "Retry-After") == "1")
            guard case .bytes(let body) = response.body else {
                Issue.record("an error without a body")
                continue
            }
            let text = String(decoding: body, as: UTF8.self)
            #expect(text.contains("\"UNAVAILABLE\""))
        }
    }

    @Test("One machine's own programs may open more connections than an address of the LAN, and all are answered")
    func loopback() async throws {
        var limits = HTTPLimits()
        limits.connectionsPerAddress = 2
        try await withServer(StubResponder("fine"), limits: limits) { address in
            // Each within the one before: all are open at once.
            try await Self.nested(20, address)
        }
    }

    private static func nested(_ count: Int, _ address: SocketAddress) async throws {
        guard count > 0 else { return }
        try await withClient(address) { client in
            #expect(try await client.get("/").status == 200)
            try await nested(count - 1, address)
            #expect(try await client.get("/").status == 200)
        }
    }

    struct Excess: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var text: String
        var status: Int
    }

    @Test(
        "A request within the limits that are set is answered, one past them is refused with its status",
        arguments: [
            Excess(testDescription: "all small", text: "GET /a HTTP/1.1\r\nHost: a\r\n\r\n", status: 200),
            Excess(
                testDescription: "request line",
                text: "GET /\(String(repeating: "a", count: 1100)) HTTP/1.1\r\nHost: a\r\n\r\n", status: 414),
            Excess(
                testDescription: "one field",
                text: "GET /a HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 2100))\r\n\r\n", status: 431),
            Excess(
                testDescription: "all fields",
                text: "GET /a HTTP/1.1\r\nHost: a\r\n"
                    + String(repeating: "X: \(String(repeating: "x", count: 200))\r\n", count: 11) + "\r\n", status: 431
            ),
            Excess(
                testDescription: "number of fields",
                text: "GET /a HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: 16) + "\r\n", status: 431),
        ])
    func sizes(excess: Excess) async throws {
        var limits = HTTPLimits()
        (limits.requestLineSize, limits.headerSize, limits.headerCount) = (1024, 2048, 16)
        try await withServer(StubResponder("fine"), limits: limits) { address in
            try await withClient(address) { client in
                try await client.send(excess.text)
                #expect(try await client.response().status == excess.status)
            }
        }
    }

    @Test("Clients whose requests do not become whole are told that they are too slow, and others are served meanwhile")
    func slowLoris() async throws {
        var limits = HTTPLimits()
        limits.headerTime = .milliseconds(300)
        let refusals = RefusalCounters()
        try await withServer(StubResponder("fine"), limits: limits, refusals: refusals) { address in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        try await withClient(address) { client in
                            try await client.send("GET / HTTP/1.1\r\nHost: loc")
                            #expect(try await client.response().status == 408)
                            #expect(try await client.rest() == [])
                        }
                    }
                }
                try await withClient(address) { client async throws in
                    #expect(try await client.get("/").status == 200)
                }
                try await group.waitForAll()
            }
        }
        #expect(refusals.snapshot == [.tooSlow: 20])
    }
}
