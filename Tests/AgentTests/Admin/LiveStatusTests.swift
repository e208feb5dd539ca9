import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import SystemPackage
import Testing

@testable import Agent
@testable import Gateway

@Suite("The stream of statuses")
struct LiveStatusTests {
    private func responder() throws -> AdminResponder {
        AdminResponder(source: StubSource(snapshot: try .sample()), access: .loopback)
    }

    private func open(_ responder: AdminResponder, method: HTTPMethod = .GET) async -> HTTPResponse {
        await responder.respond(
            to: HTTPRequest(method: method, path: "/api/v1/live", headers: ["Host": "localhost:5052"]))
    }

    private func end(_ response: HTTPResponse) {
        response.onEnd?(HTTPOutcome(end: .clientGone, status: .ok, bytes: 0, duration: .zero))
    }

    @Test("begins at once, with the whole status in one line")
    func first() async throws {
        let answer = await open(try responder())
        #expect(answer.status == .ok)
        #expect(answer.headers["Content-Type"] == ["text/event-stream"])
        #expect(answer.headers["Cache-Control"] == ["no-store"])
        guard case .stream(let stream, nil) = answer.body else {
            Issue.record("no stream")
            return
        }
        var events = stream.makeAsyncIterator()
        let lines = String(buffer: try #require(try await events.next())).split(
            separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 4)
        #expect(lines.first == "event: status")
        #expect(lines.suffix(2) == ["", ""])
        let data = try #require(lines.dropFirst().first)
        #expect(data.hasPrefix("data: "))
        let status = try JSONDecoder().decode(StatusSnapshot.self, from: Data(data.dropFirst("data: ".count).utf8))
        #expect(try status == .sample())
    }

    @Test("goes on, with a comment now and then for what stands between")
    func goesOn() async throws {
        let stream = LiveStatus(source: StubSource(snapshot: try .sample()), pause: .milliseconds(1))
        var comments: [Int] = []
        var count = 0
        for try await event in stream {
            count += 1
            if String(buffer: event).hasSuffix("\n\n: live\n\n") { comments.append(count) }
            if count == 31 { break }
        }
        #expect(comments == [15, 30])
    }

    @Test("ends with the task that reads it", .timeLimit(.minutes(1)))
    func cancelled() async throws {
        let stream = LiveStatus(source: StubSource(snapshot: try .sample()), pause: .seconds(3600))
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask {
                var count = 0
                for try await _ in stream { count += 1 }
                return count
            }
            group.cancelAll()
            return try await group.next()
        }
        #expect(count == 1)
    }

    @Test("is given to so many at a time, and to the next when one has gone")
    func bound() async throws {
        let responder = try responder()
        var answers: [HTTPResponse] = []
        for _ in 0..<LiveStreams.limit { answers.append(await open(responder)) }
        #expect(answers.allSatisfy { $0.status == .ok })
        let refused = await open(responder)
        #expect(refused.status == .serviceUnavailable)
        #expect(refused.headers["Retry-After"] == ["10"])
        end(refused)
        #expect(await open(responder).status == .serviceUnavailable, "a refusal makes no room")
        end(answers[0])
        #expect(await open(responder).status == .ok)
        #expect(await open(responder).status == .serviceUnavailable)
    }

    @Test("leaves its place to others when the client goes", .timeLimit(.minutes(1)))
    func clientGone() async throws {
        try await withAdminSocket(try responder()) { socket in
            var answered = 0
            while answered <= LiveStreams.limit {
                let answer = try await firstEvent(socket)
                if answer.hasPrefix("HTTP/1.1 200 OK\r\n"), answer.contains("event: status\n") { answered += 1 }
            }
        }
    }

    /// Reads as far as the first event, or all of an answer that has none, and goes.
    private func firstEvent(_ socket: FilePath) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(unixDomainSocketPath: socket.string) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(
                ByteBuffer(string: "GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
            var text = ""
            for try await part in inbound {
                text += String(buffer: part)
                if text.contains("\n\n") { break }
            }
            return text
        }
    }
}
