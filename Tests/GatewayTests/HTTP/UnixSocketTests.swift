import Glibc
import NIOCore
import Testing

@testable import Gateway

@Suite("Unix sockets", .timeLimit(.minutes(1)))
struct UnixSocketTests {
    private static func mode(_ path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o777 : nil
    }

    /// A socket file that nobody listens on any more.
    private static func leaveStaleSocket(_ path: String) throws {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        let address = try SocketAddress(unixDomainSocketPath: path)
        let result = address.withSockAddr { bind(descriptor, $0, socklen_t($1)) }
        try #require(result == 0 && mode(path) != nil)
    }

    @Test("Requests are answered, the file has its mode, and is gone at the end")
    func serves() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/s"
            let address = ListenAddress(.unix(path: path, mode: 0o660))
            try await withServer(StubResponder("fine"), at: address, accept: { _ in false }) { bound in
                #expect(bound.pathname == path)
                #expect(Self.mode(path) == 0o660)
                #expect(Self.mode(path + "~") == nil)
                try await withClient(bound) { client async throws in
                    #expect(try await client.get("/").text == "fine")
                }
            }
            #expect(Self.mode(path) == nil)
        }
    }

    @Test("A client that closes its sending side gets an answer that takes its time")
    func halfClose() async throws {
        var limits = HTTPLimits()
        limits.halfCloseTime = .zero
        let (asked, go) = (Signal<Void>(), Signal<Void>())
        let responder = StubResponder { _ in
            asked.send(())
            try? await go.next()
            return .text("fine")
        }
        try await withTemporaryFolder { folder in
            let address = ListenAddress(.unix(path: "\(folder)/s", mode: 0o600))
            try await withServer(responder, limits: limits, at: address) { bound in
                try await withClient(bound) { client in
                    try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    try await asked.next()
                    try await client.closeSending()
                    go.send(())
                    let answer = String(decoding: try await client.rest(), as: UTF8.self)
                    #expect(answer.hasSuffix("\r\n\r\nfine"))
                }
            }
        }
    }

    @Test("A stale socket is replaced")
    func stale() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/s"
            try Self.leaveStaleSocket(path)
            try await withServer(StubResponder("fine"), at: ListenAddress(.unix(path: path, mode: 0o600))) { bound in
                try await withClient(bound) { client async throws in
                    #expect(try await client.get("/").text == "fine")
                }
            }
        }
    }

    @Test("A socket that somebody listens on is left alone, and so is a file that is no socket")
    func taken() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/s"
            let address = ListenAddress(.unix(path: path, mode: 0o600))
            try await withServer(StubResponder("first"), at: address) { bound in
                let error = await #expect(throws: ListenError.self) {
                    try await withServer(StubResponder("second"), at: address) { _ in }
                }
                #expect(error?.code == .inUse)
                try await withClient(bound) { client async throws in
                    #expect(try await client.get("/").text == "first")
                }
            }
            let descriptor = open(path, O_CREAT | O_WRONLY, 0o600)
            close(descriptor)
            let error = await #expect(throws: ListenError.self) {
                try await withServer(StubResponder("third"), at: address) { _ in }
            }
            #expect(error?.code == .notAvailable)
            #expect(Self.mode(path) != nil)
        }
    }
}
