import Glibc
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Gateway

@Suite("Listening", .timeLimit(.minutes(1)))
struct ListenerTests {
    private static func listener(_ addresses: [ListenAddress]) -> HTTPListener {
        HTTPListener(
            addresses: addresses, responder: StubResponder("fine"), group: MultiThreadedEventLoopGroup.singleton,
            logger: .silent)
    }

    @Test("A port that is taken is an error that says so")
    func taken() async throws {
        try await withServer(StubResponder("fine")) { address in
            let port = try #require(address.port)
            let error = await #expect(throws: ListenError.self) {
                try await Self.listener([ListenAddress(.tcp(host: "127.0.0.1", port: port))]).bind()
            }
            #expect(error?.code == .inUse)
            #expect(error?.message.contains("127.0.0.1:\(port)") == true)
        }
    }

    @Test("An address of another host is not available")
    func foreign() async throws {
        let error = await #expect(throws: ListenError.self) {
            try await Self.listener([ListenAddress(.tcp(host: "192.0.2.1", port: 0))]).bind()
        }
        #expect(error?.code == .notAvailable)
    }

    @Test("An optional address that cannot be bound is left out")
    func optional() async throws {
        let listener = Self.listener([
            ListenAddress(.tcp(host: "192.0.2.1", port: 0), isOptional: true),
            ListenAddress(.tcp(host: "127.0.0.1", port: 0)),
        ])
        let bound = try await listener.bind()
        #expect(bound.map(\.ipAddress) == ["127.0.0.1"])
        await withTaskGroup { group in
            group.addTask { try? await listener.run() }
            group.cancelAll()
        }
    }

    @Test("A socket that listens already is taken over, one agent after the other, and refuses nobody in between")
    func inherited() async throws {
        // As the service manager has it, which keeps its own descriptor.
        let kept = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(kept) }
        let anywhere = try SocketAddress(ipAddress: "127.0.0.1", port: 0)
        try #require(anywhere.withSockAddr { Glibc.bind(kept, $0, socklen_t($1)) } == 0 && listen(kept, 8) == 0)
        for _ in 1...2 {
            let address = ListenAddress(.tcp(host: "127.0.0.1", port: 1), descriptor: dup(kept))
            let bound = try await withServer(StubResponder("fine"), at: address) { bound in
                #expect(bound.port != 1, "it listens where the socket does")
                let text = try await withClient(bound) { try await $0.get("/", "Connection: close").text }
                #expect(text == "fine")
                return bound
            }
            let waiting = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
            defer { close(waiting) }
            #expect(bound.withSockAddr { connect(waiting, $0, socklen_t($1)) } == 0)
        }
    }

    @Test("Who may connect no more keeps no connection: an idle one ends, another with its answer")
    func review() async throws {
        let isAllowed = Atomic(true)
        let (asked, go) = (Signal<Void>(), Signal<Void>())
        let responder = StubResponder { request in
            guard request.path == "/slow" else { return .text("fine") }
            asked.send(())
            try? await go.next()
            return .text("slow")
        }
        var limits = HTTPLimits()
        limits.idleTime = .seconds(3600)
        let listener = HTTPListener(
            addresses: [ListenAddress(.tcp(host: "127.0.0.1", port: 0))], responder: responder, limits: limits,
            group: MultiThreadedEventLoopGroup.singleton, accept: { _ in isAllowed.load(ordering: .relaxed) },
            logger: .silent)
        let address = try await listener.bind()[0]
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await listener.run() }
            defer { group.cancelAll() }
            try await withClient(address) { busy async throws in
                try await busy.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
                try await asked.next()
                try await withClient(address) { idle async throws in
                    #expect(try await idle.get("/").text == "fine")
                    listener.review()
                    #expect(try await idle.get("/").text == "fine")
                    isAllowed.store(false, ordering: .relaxed)
                    listener.review()
                    #expect(try await idle.rest() == [])
                }
                go.send(())
                #expect(try await busy.response().text == "slow")
                #expect(try await busy.rest() == [])
            }
        }
    }

    @Test("Places are counted by address and in all, refused ones too, and given back")
    func limiter() throws {
        var limits = HTTPLimits()
        limits.connections = 3
        limits.connectionsPerAddress = 2
        let limiter = ConnectionLimiter(limits: limits)
        let (a, b, c) = (try Self.from("192.0.2.1"), try Self.from("192.0.2.2"), try Self.from("2001:db8::3"))
        let first = limiter.enter(a)
        #expect(limiter.enter(a)?.isRefused == false)
        let refused = limiter.enter(a)
        #expect(refused?.isRefused == true)
        #expect(limiter.enter(nil)?.isRefused == false)
        #expect(limiter.enter(b)?.isRefused == true)
        for _ in 2..<limits.refusedConnections { #expect(limiter.enter(c)?.isRefused == true) }
        #expect(limiter.enter(c) == nil)
        refused.map(limiter.leave)
        #expect(limiter.enter(c)?.isRefused == true)
        first.map(limiter.leave)
        #expect(limiter.enter(a)?.isRefused == false)
        #expect(limiter.count == 3)
    }

    @Test("This machine's own connections are counted in all only", arguments: ["127.0.0.1", "127.9.9.9", "::1"])
    func loopback(address: String) throws {
        var limits = HTTPLimits()
        limits.connections = 4
        limits.connectionsPerAddress = 1
        let limiter = ConnectionLimiter(limits: limits)
        let places = try (0..<5).map { _ in limiter.enter(try Self.from(address))?.isRefused }
        #expect(places == [false, false, false, false, true])
    }

    private static func from(_ address: String) throws -> SocketAddress {
        try SocketAddress(ipAddress: address, port: 4242)
    }
}
