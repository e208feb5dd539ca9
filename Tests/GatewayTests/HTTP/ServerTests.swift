import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Testing

@testable import Gateway

@Suite("HTTP server", .timeLimit(.minutes(1)))
struct ServerTests {
    @Test("Two requests on one connection are both answered")
    func keepAlive() async throws {
        try await withServer(StubResponder { .text($0.path) }) { address in
            try await withClient(address) { client async throws in
                #expect(try await client.get("/one").text == "/one")
                #expect(try await client.get("/two").text == "/two")
            }
        }
    }

    @Test("Pipelined requests are answered in their order")
    func pipelining() async throws {
        let responder = StubResponder { request in
            // The first is the slowest.
            if request.path == "/0" { for _ in 0..<100 { await Task.yield() } }
            return .text(request.path)
        }
        try await withServer(responder) { address in
            try await withClient(address) { client async throws in
                try await client.send((0..<40).map { "GET /\($0) HTTP/1.1\r\nHost: localhost\r\n\r\n" }.joined())
                for number in 0..<40 { #expect(try await client.response().text == "/\(number)") }
            }
        }
    }

    @Test(
        "A client that wants the connection closed gets its answer and a FIN",
        arguments: [
            "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            "GET / HTTP/1.0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        ])
    func closes(request: String) async throws {
        try await withServer(StubResponder("fine")) { address in
            try await withClient(address) { client async throws in
                try await client.send(request)
                let response = try await client.response()
                #expect(response.status == 200)
                #expect(response.text == "fine")
                #expect(response["Connection"] == "close")
                #expect(try await client.rest() == [])
            }
        }
    }

    @Test("An HTTP/1.0 client may keep its connection")
    func keepAlive10() async throws {
        try await withServer(StubResponder("fine")) { address in
            try await withClient(address) { client async throws in
                for _ in 0..<2 {
                    try await client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                    let response = try await client.response()
                    #expect(response["Connection"] == "keep-alive")
                    #expect(response.text == "fine")
                }
            }
        }
    }

    @Test("HEAD is answered with the headers of GET and no body")
    func head() async throws {
        try await withServer(StubResponder("fine")) { address in
            try await withClient(address) { client async throws in
                let get = try await client.get("/")
                try await client.send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                let head = try await client.response(toHead: true)
                #expect(head.status == get.status)
                let ignoringDate = { (response: RawResponse) in
                    response.headers.filter { $0.name != "Date" }.map { "\($0.name): \($0.value)" }
                }
                #expect(ignoringDate(head) == ignoringDate(get))
                // The next answer comes at once: no body lies in between.
                #expect(try await client.get("/").text == "fine")
            }
        }
    }

    @Test("A client that expects 100 Continue is told to go on, and its body arrives")
    func expectContinue() async throws {
        try await withServer(StubResponder { .text(String(buffer: $0.body)) }) { address in
            try await withClient(address) { client async throws in
                try await client.send(
                    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
                #expect(try await client.response().status == 100)
                try await client.send("hello")
                #expect(try await client.response().text == "hello")
            }
        }
    }

    @Test("A chunked request body arrives")
    func chunkedRequest() async throws {
        try await withServer(StubResponder { .text(String(buffer: $0.body)) }) { address in
            try await withClient(address) { client async throws in
                try await client.send(
                    "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
                )
                #expect(try await client.response().text == "abcde")
            }
        }
    }

    struct BadRequest: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var text: String
        var status: Int
    }

    @Test(
        "What is no request within the limits gets its status, a problem document, and a FIN",
        arguments: [
            BadRequest(testDescription: "no HTTP", text: "hello\r\n\r\n", status: 501),
            BadRequest(
                testDescription: "garbage header", text: "GET / HTTP/1.1\r\nHost: a\r\nb\u{1}d: x\r\n\r\n", status: 400),
            BadRequest(testDescription: "unknown method", text: "FROB / HTTP/1.1\r\nHost: a\r\n\r\n", status: 501),
            BadRequest(testDescription: "HTTP/2", text: "GET / HTTP/2.0\r\nHost: a\r\n\r\n", status: 505),
            BadRequest(testDescription: "no Host", text: "GET / HTTP/1.1\r\n\r\n", status: 400),
            BadRequest(testDescription: "two Hosts", text: "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", status: 400),
            BadRequest(testDescription: "other scheme", text: "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", status: 400),
            BadRequest(
                testDescription: "long target",
                text: "GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: a\r\n\r\n", status: 414),
            BadRequest(
                testDescription: "endless target", text: "GET /\(String(repeating: "a", count: 40_000))", status: 414),
            BadRequest(
                testDescription: "large field",
                text: "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 20_000))\r\n\r\n", status: 431),
            BadRequest(
                testDescription: "large header",
                text: "GET / HTTP/1.1\r\nHost: a\r\n"
                    + String(repeating: "X: \(String(repeating: "a", count: 1000))\r\n", count: 20) + "\r\n",
                status: 431),
            BadRequest(
                testDescription: "many fields",
                text: "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: 101) + "\r\n", status: 431),
            BadRequest(
                testDescription: "large body", text: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n",
                status: 413),
            BadRequest(
                testDescription: "large chunked body",
                text:
                    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n\(String(repeating: "a", count: 0x20000))\r\n0\r\n\r\n",
                status: 413),
            BadRequest(
                testDescription: "bad length", text: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
                status: 400),
            BadRequest(
                testDescription: "other expectation",
                text: "POST / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\n", status: 417),
        ])
    func refused(request: BadRequest) async throws {
        try await withServer(StubResponder("never")) { address in
            try await withClient(address) { client async throws in
                try await client.send(request.text)
                let response = try await client.response()
                #expect(response.status == request.status)
                #expect(response["Content-Type"] == "application/problem+json")
                #expect(response["Connection"] == "close")
                #expect(response.text.contains("\"status\":\(request.status)"))
                // A RST would be thrown here.
                #expect(try await client.rest() == [])
            }
        }
    }

    @Test("A request that does not get on is answered 408")
    func slowHeader() async throws {
        var limits = HTTPLimits()
        limits.headerTime = .milliseconds(100)
        try await withServer(StubResponder("never"), limits: limits) { address in
            try await withClient(address) { client async throws in
                try await client.send("GET / HTTP/1.1\r\nHo")
                #expect(try await client.response().status == 408)
                #expect(try await client.rest() == [])
            }
        }
    }

    @Test("An idle connection is closed with a FIN and no answer")
    func idle() async throws {
        var limits = HTTPLimits()
        // Long enough for the first request on a busy machine.
        limits.idleTime = .seconds(2)
        try await withServer(StubResponder("fine"), limits: limits) { address in
            try await withClient(address) { client async throws in
                #expect(try await client.get("/").status == 200)
                #expect(try await client.rest() == [])
            }
        }
    }

    @Test("A connection beyond the limit is answered 503 with Retry-After, and one that has left makes room")
    func tooManyConnections() async throws {
        var limits = HTTPLimits()
        limits.connections = 1
        let refusals = RefusalCounters()
        try await withServer(StubResponder("fine"), limits: limits, refusals: refusals) { address in
            try await withClient(address) { first in
                #expect(try await first.get("/").status == 200)
                try await withClient(address) { second in
                    let response = try await second.get("/")
                    #expect(response.status == 503)
                    #expect(response["Retry-After"] == "1")
                    #expect(try await second.rest() == [])
                }
                #expect(refusals.snapshot == [.tooManyConnections: 1])
            }
            // The server notices the first one's end in its own time.
            while (try? await withClient(address, { try await $0.get("/").status })) != 200 {}
        }
    }

    @Test("An address that is not accepted is closed without an answer")
    func notAccepted() async throws {
        try await withServer(StubResponder("never"), accept: { _ in false }) { address in
            try await withClient(address) { client async throws in
                try? await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                let answer = try? await client.rest()
                #expect(answer ?? [] == [])
            }
        }
    }

    @Test("A client that closes its sending side still gets a small answer")
    func halfClose() async throws {
        var limits = HTTPLimits()
        // On a busy machine the answer may come late.
        limits.halfCloseTime = .seconds(30)
        try await withServer(StubResponder("fine"), limits: limits) { address in
            try await withClient(address) { client async throws in
                try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                try await client.closeSending()
                let answer = String(decoding: try await client.rest(), as: UTF8.self)
                #expect(answer.hasSuffix("\r\n\r\nfine"))
            }
        }
    }

    @Test("A graceful shutdown lets the answer under way finish, and closes the connection after it")
    func drain() async throws {
        let (asked, go) = (Signal<Void>(), Signal<Void>())
        let responder = StubResponder { _ in
            asked.send(())
            try? await go.next()
            return .text("fine")
        }
        let listener = HTTPListener(
            addresses: [ListenAddress(.tcp(host: "127.0.0.1", port: 0))], responder: responder,
            group: .singletonMultiThreadedEventLoopGroup, logger: .silent)
        let address = try await listener.bind()[0]
        let services = ServiceGroup(services: [listener], logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            try await withClient(address) { client async throws in
                try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                try await asked.next()
                await services.triggerGracefulShutdown()
                while (try? await withClient(address, { _ in })) != nil {}
                go.send(())
                let response = try await client.response()
                #expect(response.text == "fine")
                #expect(response["Connection"] == "close")
                #expect(try await client.rest() == [])
            }
            try await group.waitForAll()
        }
    }

    @Test("Many clients at once are all answered")
    func manyClients() async throws {
        try await withServer(StubResponder { .text($0.path) }) { address in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        try await withClient(address) { client async throws in
                            #expect(try await client.get("/\(number)").text == "/\(number)")
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
