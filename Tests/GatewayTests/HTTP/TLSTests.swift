import Content
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ServiceLifecycle
import SystemPackage
import TLS
import Testing

@testable import Gateway

@Suite("TLS", .timeLimit(.minutes(1)))
struct TLSTests {
    private static let hello = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

    @Test("A request says whether it came over TLS", arguments: Wire.allCases)
    func isSecure(wire: Wire) async throws {
        try await withServer(StubResponder { .text("\($0.isSecure)") }, over: wire) { address in
            let text = try await withClient(address, over: wire) { try await $0.get("/").text }
            #expect(text == "\(wire == .tls)")
        }
    }

    @Test("Many requests are answered on one connection, blobs and small answers in turn")
    func keepAlive() async throws {
        let reader = try WholeReader(1 << 20)
        let responder = StubResponder { request in
            request.path == "/blob"
                ? HTTPResponse(status: .ok, body: .blob(HTTPBlobBody(reader: reader, range: 7..<(1 << 20))))
                : .text(request.path)
        }
        try await withServer(responder, over: .tls) { address in
            try await withClient(address, over: .tls) { client async throws in
                for number in 0..<20 {
                    #expect(try await client.get("/\(number)").text == "/\(number)")
                    #expect(try await client.get("/blob").body == pattern(7..<(1 << 20)))
                }
            }
        }
    }

    @Test("A blob of many megabytes goes out whole, and through no more buffers than a few")
    func largeBlob() async throws {
        let size = 96 << 20
        let reader = try WholeReader(size)
        let responder = StubResponder { _ in
            HTTPResponse(status: .ok, body: .blob(HTTPBlobBody(reader: reader, range: 0..<Int64(size))))
        }
        try await withServer(responder, over: .tls) { address in
            try await withClient(address, over: .tls) { client async throws in
                try await client.send(Self.hello)
                #expect(try await client.head()["Content-Length"] == "\(size)")
                for start in stride(from: 0, to: size, by: 3 << 20) {
                    #expect(try await client.bytes(3 << 20) == pattern(start..<start + (3 << 20)))
                }
            }
        }
        #expect(try await responder.outcomes.next().bytes == Int64(size))
    }

    @Test("A request that does not get on is answered 408, and an idle connection is closed with close_notify")
    func slow() async throws {
        var limits = HTTPLimits()
        // Long enough for a handshake on a busy machine.
        limits.headerTime = .seconds(2)
        limits.idleTime = .seconds(2)
        try await withServer(StubResponder("fine"), limits: limits, over: .tls) { address in
            try await withClient(address, over: .tls) { client async throws in
                try await client.send("GET / HTTP/1.1\r\nHo")
                #expect(try await client.response().status == 408)
                // An end without close_notify would be thrown.
                #expect(try await client.rest() == [])
            }
            try await withClient(address, over: .tls) { client async throws in
                #expect(try await client.get("/").status == 200)
                #expect(try await client.rest() == [])
            }
        }
    }

    @Test(
        "A handshake that never comes, or stops in its midst, does not hold a connection for longer than a header may take"
    )
    func silentClient() async throws {
        var limits = HTTPLimits()
        limits.headerTime = .milliseconds(200)
        limits.connections = 2
        try await withServer(StubResponder("fine"), limits: limits, over: .tls) { address in
            for start in ["", "\u{16}\u{3}\u{1}\u{0}"] {
                let answer = try await withClient(address) { client async throws in
                    if !start.isEmpty { try await client.send(start) }
                    return try? await client.rest()
                }
                #expect(answer ?? [] == [])
            }
        }
    }

    @Test("A client that speaks plain HTTP is told so in plain HTTP, and the next one is served")
    func plainClient() async throws {
        try await withServer(StubResponder("fine"), over: .tls) { address in
            try await withClient(address) { client async throws in
                try await client.send(Self.hello)
                let response = try await client.response()
                #expect(response.status == 400)
                #expect(response["Connection"] == "close")
                #expect(response.text.contains("https://"))
                // A RST would be thrown here.
                #expect(try await client.rest() == [])
            }
            #expect(try await withClient(address, over: .tls) { try await $0.get("/").text } == "fine")
        }
    }

    @Test("Who speaks TLS where it is not spoken, or does not where it is, is told of", arguments: Wire.allCases)
    func misunderstood(wire: Wire) async throws {
        let troubles = TLSTroubles(logger: .silent)
        try await withServer(StubResponder("fine"), over: wire, troubles: troubles) { address in
            _ = try await withClient(address, over: wire) { try await $0.get("/").status }
            #expect(troubles.warnings == [])
            if wire == .tls {
                _ = try await withClient(address) { try await $0.get("/").status }
            } else {
                let tls = try TestCertificates.client()
                await #expect(throws: (any Error).self) { try await TLSPeer.subject(at: address, tls) }
            }
        }
        #expect(troubles.warnings.count == 1)
        let words = wire == .tls ? "127.0.0.1 speaks plain HTTP" : "127.0.0.1 speaks TLS"
        #expect(troubles.warnings.first?.hasPrefix(words) == true)
    }

    @Test("A connection that is opened and closed without a word is no trouble", arguments: Wire.allCases)
    func knock(wire: Wire) async throws {
        let troubles = TLSTroubles(logger: .silent)
        try await withServer(StubResponder("fine"), over: wire, troubles: troubles) { address in
            try await withClient(address) { client async throws in try await client.closeSending() }
            // The server has seen the end of the one before it answers this one.
            _ = try await withClient(address, over: wire) { try await $0.get("/").status }
        }
        #expect(troubles.warnings == [])
    }

    @Test("A client that speaks neither is closed, and one that speaks TLS 1.1 too")
    func strangers() async throws {
        try await withServer(StubResponder("fine"), over: .tls) { address in
            _ = try await withClient(address) { client async throws in
                try await client.send("\u{1}\u{2}\u{3}\u{4} what is this\r\n\r\n")
                return try? await client.rest()
            }
            let old = try TestCertificates.client {
                $0.minimumTLSVersion = .tlsv1
                $0.maximumTLSVersion = .tlsv11
            }
            await #expect(throws: (any Error).self) { try await TLSPeer.subject(at: address, old) }
            let fine = try TestCertificates.client { $0.maximumTLSVersion = .tlsv12 }
            #expect(try await TLSPeer.subject(at: address, fine) == "shoal-test-first")
        }
    }

    @Test("A client that closes its sending side with close_notify still gets a small answer")
    func halfClose() async throws {
        var limits = HTTPLimits()
        limits.halfCloseTime = .seconds(30)
        try await withServer(StubResponder("fine"), limits: limits, over: .tls) { address in
            try await withClient(address, over: .tls) { client async throws in
                try await client.send(Self.hello)
                try await client.closeSending()
                let answer = String(decoding: try await client.rest(), as: UTF8.self)
                #expect(answer.hasSuffix("\r\n\r\nfine"))
            }
        }
    }

    @Test("A connection beyond the limit is answered 503")
    func tooMany() async throws {
        var limits = HTTPLimits()
        limits.connections = 1
        try await withServer(StubResponder("fine"), limits: limits, over: .tls) { address in
            try await withClient(address, over: .tls) { first async throws in
                #expect(try await first.get("/").status == 200)
                try await withClient(address, over: .tls) { second async throws in
                    #expect(try await second.get("/").status == 503)
                    #expect(try await second.rest() == [])
                }
            }
        }
    }

    @Test("What is no request gets its status and a close_notify")
    func refused() async throws {
        try await withServer(StubResponder("never"), over: .tls) { address in
            try await withClient(address, over: .tls) { client async throws in
                try await client.send("GET / HTTP/2.0\r\nHost: a\r\n\r\n" + String(repeating: "x", count: 100_000))
                #expect(try await client.response().status == 505)
                #expect(try await client.rest() == [])
            }
        }
    }

    @Test("A body of a request arrives over TLS, after 100 Continue too")
    func requestBody() async throws {
        try await withServer(StubResponder { .text($0.method.rawValue) }, over: .tls) { address in
            try await withClient(address, over: .tls) { client async throws in
                let head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000\r\n"
                try await client.send(head + "\r\n" + String(repeating: "x", count: 20_000))
                #expect(try await client.response().text == "POST")
                try await client.send(head + "Expect: 100-continue\r\n\r\n")
                #expect(try await client.response().status == 100)
                try await client.send(String(repeating: "x", count: 20_000))
                #expect(try await client.response().text == "POST")
            }
        }
    }

    @Test("A graceful shutdown lets the answer under way finish, and waits for no handshake")
    func drain() async throws {
        let (asked, go) = (Signal<Void>(), Signal<Void>())
        let responder = StubResponder { _ in
            asked.send(())
            try? await go.next()
            return .text("fine")
        }
        let listener = HTTPListener(
            addresses: [
                ListenAddress(.tcp(host: "127.0.0.1", port: 0), tls: try TestCertificates.identity.get())
            ], responder: responder, group: .singletonMultiThreadedEventLoopGroup, logger: .silent)
        let address = try await listener.bind()[0]
        let services = ServiceGroup(services: [listener], logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            async let silence = withClient(address) { try await $0.rest() }
            try await withClient(address, over: .tls) { client async throws in
                try await client.send(Self.hello)
                try await asked.next()
                while listener.connectionCount < 2 { await Task.yield() }
                await services.triggerGracefulShutdown()
                while listener.connectionCount > 1 { await Task.yield() }
                go.send(())
                // It may not know yet that it is the last: then it is closed without having said so.
                #expect(try await client.response().text == "fine")
                #expect(try await client.rest() == [])
            }
            #expect(try await silence == [])
            try await group.waitForAll()
        }
    }

    @Test("A certificate that changes is used for the next connection, and those that are open end with their answers")
    func reload() async throws {
        try await withTemporaryFolder { folder in
            let folder = FilePath(folder)
            let files = try TestCertificates.write(TestCertificates.first, TestCertificates.firstKey, into: folder)
            var limits = HTTPLimits()
            limits.certificateTime = .milliseconds(10)
            limits.idleTime = .seconds(3600)
            let (asked, go) = (Signal<Void>(), Signal<Void>())
            let responder = StubResponder { request in
                guard request.path == "/slow" else { return .text("fine") }
                asked.send(())
                try? await go.next()
                return .text("slow")
            }
            let address = ListenAddress(
                .tcp(host: "127.0.0.1", port: 0), tls: try TLSIdentity(files, logger: .silent))
            let client = try TestCertificates.client()
            try await withServer(responder, limits: limits, at: address) { address in
                try await withClient(address, over: .tls) { busy async throws in
                    try await busy.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    try await asked.next()
                    try await withClient(address, over: .tls) { idle async throws in
                        #expect(try await idle.get("/").text == "fine")
                        #expect(try await TLSPeer.subject(at: address, client) == "shoal-test-first")
                        try TestCertificates.write(TestCertificates.second, TestCertificates.secondKey, into: folder)
                        // An end without close_notify would be thrown.
                        #expect(try await idle.rest() == [])
                    }
                    while try await TLSPeer.subject(at: address, client) != "shoal-test-second" {}
                    go.send(())
                    #expect(try await busy.response().text == "slow")
                    #expect(try await busy.rest() == [])
                }
            }
        }
    }
}

/// Who a server says that it is.
enum TLSPeer {
    /// The name in the certificate that a server shows, once a request has been answered.
    static func subject(at address: SocketAddress, _ tls: NIOSSLContext) async throws -> String? {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(to: address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(context: tls, serverHostname: "localhost"))
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            let client = RawClient(inbound, outbound, channel.channel)
            _ = try await client.get("/")
            let certificate = try await channel.channel.nioSSL_peerCertificate().get()
            let text = certificate.map { "\($0)" } ?? ""
            return ["shoal-test-first", "shoal-test-second"].first { text.contains($0) }
        }
    }
}
