import Gateway
import Logging
import NIOHTTP1
import NIOPosix
import OCI
import Synchronization
import SystemPackage
import Testing

@testable import Agent

/// The way from the command to the job: over the socket, and over nothing else.
@Suite(.timeLimit(.minutes(1))) struct AdminVerifyTests {
    private func withAgent<Result: Sendable>(
        _ start: @escaping @Sendable (VerifyQuery) -> VerifyStart,
        _ body: @Sendable (AdminClient) async throws -> Result
    ) async throws -> Result {
        let responder = AdminResponder(
            source: StubSource(snapshot: try .sample()), access: .socket, verifier: StubVerifier(start: start))
        return try await withAdminSocket(responder) { try await body(AdminClient(sockets: [$0])) }
    }

    private static func stream(_ events: [VerifyEvent]) -> AsyncStream<VerifyEvent> {
        AsyncStream { continuation in
            for event in events { continuation.yield(event) }
            continuation.finish()
        }
    }

    @Test(
        "what was named reaches the agent, and its events come back in order",
        arguments: [nil, "nginx", "sha256:" + String(repeating: "ab", count: 32)])
    func events(name: String?) async throws {
        let query = try VerifyQuery(name)
        let sent: [VerifyEvent] = [
            .begin(VerifyScope(query: query.description, blobs: 1, bytes: 2)), .fault(try VerifyEventTests.fault()),
            .end(VerifySummary()),
        ]
        let (asked, received) = try await withAgent { asked in
            .begun(Self.stream(asked == query ? sent : []))
        } _: { client in
            let received = Mutex<[VerifyEvent]>([])
            try await client.verify(query) { line in received.withLock { $0.append(line.value) } }
            return (query, received.withLock { $0 })
        }
        #expect(asked == query)
        #expect(received == sent)
    }

    @Test("a stream without its last line was broken off")
    func brokenOff() async throws {
        let error = await #expect(throws: AdminClientError.self) {
            try await withAgent { _ in
                .begun(Self.stream([.progress(VerifyProgress(blobs: 0, bytes: 0))]))
            } _: { client in
                try await client.verify(.everything) { _ in }
            }
        }
        #expect(error?.code == .broken)
    }

    @Test(
        "what cannot be is said in one line",
        arguments: [(VerifyStart.busy, "another verification is running"), (.notHeld, "nothing of it is on this node")])
    func refused(start: VerifyStart, message: String) async throws {
        let error = await #expect(throws: AdminClientError.self) {
            try await withAgent { _ in
                start
            } _: {
                try await $0.verify(.everything) { _ in }
            }
        }
        #expect(error?.code == .refused)
        #expect(error?.message.contains(message) == true)
    }

    @Test("a client that goes away ends the job")
    func clientGone() async throws {
        let (ended, end) = AsyncStream<Void>.makeStream()
        try await withAgent { _ in
            let (stream, continuation) = AsyncStream<VerifyEvent>.makeStream()
            continuation.onTermination = { _ in end.finish() }
            continuation.yield(.begin(VerifyScope(query: "everything", blobs: 1, bytes: 1)))
            return .begun(stream)
        } _: { client in
            struct Enough: Error {}
            await #expect(throws: AdminClientError.self) {
                try await client.verify(.everything) { _ in throw Enough() }
            }
            for await _ in ended {}
        }
    }

    @Test("nobody there is one line")
    func nobody() async throws {
        let error = await #expect(throws: AdminClientError.self) {
            try await AdminClient(sockets: ["/nonexistent/a.sock"]).verify(.everything) { _ in }
        }
        #expect(error?.code == .noAgent)
    }

    @Test("over TCP nothing is verified", arguments: [AdminAccess.loopback, .remote])
    func tcp(access: AdminAccess) async throws {
        let responder = AdminResponder(
            source: StubSource(snapshot: try .sample()), access: access,
            verifier: StubVerifier { _ in
                Issue.record("reached")
                return .busy
            })
        let response = await responder.respond(
            to: HTTPRequest(method: .POST, path: "/api/v1/verify", headers: ["Host": "localhost"]))
        #expect(response.status == .forbidden)
    }

    @Test("reading the path changes nothing", arguments: [HTTPMethod.GET, .HEAD, .PUT])
    func methods(method: HTTPMethod) async throws {
        let responder = AdminResponder(source: StubSource(snapshot: try .sample()), access: .socket)
        let response = await responder.respond(to: HTTPRequest(method: method, path: "/api/v1/verify"))
        #expect(response.status == .methodNotAllowed)
        #expect(response.headers["Allow"] == ["POST"])
    }
}
