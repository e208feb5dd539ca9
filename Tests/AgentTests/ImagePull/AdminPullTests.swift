import Gateway
import Logging
import NIOHTTP1
import NIOPosix
import OCI
import Synchronization
import SystemPackage
import Testing

@testable import Agent

/// The way from the command to the pull: over the socket, and over nothing else.
@Suite(.timeLimit(.minutes(1))) struct AdminPullTests {
    private struct StubPuller: Pulling {
        var start: @Sendable (PullQuery) -> PullStart
        func pull(_ query: PullQuery) -> PullStart { start(query) }
    }

    private func withAgent<Result: Sendable>(
        _ start: @escaping @Sendable (PullQuery) -> PullStart,
        _ body: @Sendable (AdminClient) async throws -> Result
    ) async throws -> Result {
        let responder = AdminResponder(
            source: StubSource(snapshot: try .sample()), access: .socket, puller: StubPuller(start: start))
        return try await withAdminSocket(responder) { try await body(AdminClient(sockets: [$0])) }
    }

    private static func query() throws -> PullQuery { try PullQuery(image: ImageReference(normalizing: "nginx")) }

    @Test("what was asked for reaches the agent, and its events come back in order, to the last")
    func events() async throws {
        let query = try Self.query()
        let sent: [PullEvent] = [
            .begin(PullSamples.beginning), .blob(try PullSamples.blob(1)),
            .error(PullFailure(code: .notFound, reason: "nobody has it", mend: "")),
        ]
        let received = try await withAgent { asked in
            .begun(
                AsyncStream { continuation in
                    for event in asked == query ? sent : [] { continuation.yield(event) }
                    continuation.finish()
                })
        } _: { client in
            let received = Mutex<[PullEvent]>([])
            try await client.pull(query) { line in received.withLock { $0.append(line.value) } }
            return received.withLock { $0 }
        }
        #expect(received == sent)
    }

    @Test("a client that goes away ends the pull")
    func clientGone() async throws {
        let (ended, end) = AsyncStream<Void>.makeStream()
        let query = try Self.query()
        try await withAgent { _ in
            let (stream, continuation) = AsyncStream<PullEvent>.makeStream()
            continuation.onTermination = { _ in end.finish() }
            continuation.yield(.begin(PullSamples.beginning))
            return .begun(stream)
        } _: { client in
            struct Enough: Error {}
            await #expect(throws: AdminClientError.self) {
                try await client.pull(query) { _ in throw Enough() }
            }
            for await _ in ended {}
        }
    }

    @Test("too many pulls at once are refused in one line")
    func busy() async throws {
        let query = try Self.query()
        let error = await #expect(throws: AdminClientError.self) {
            try await withAgent { _ in
                .busy
            } _: {
                try await $0.pull(query) { _ in }
            }
        }
        #expect(error?.message.contains("pulls are running already") == true)
    }

    @Test("over TCP nothing is pulled", arguments: [AdminAccess.loopback, .remote])
    func tcp(access: AdminAccess) async throws {
        let responder = AdminResponder(
            source: StubSource(snapshot: try .sample()), access: access,
            puller: StubPuller { _ in
                Issue.record("reached")
                return .busy
            })
        let response = await responder.respond(
            to: HTTPRequest(method: .POST, path: "/api/v1/pull", headers: ["Host": "localhost"]))
        #expect(response.status == .forbidden)
    }
}
