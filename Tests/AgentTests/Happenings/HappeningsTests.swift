import Discovery
import FoundationEssentials
import Gateway
import NIOCore
import NIOHTTP1
import OCI
import Registry
import Synchronization
import Testing
import Transfer

@testable import Agent

@Suite(.timeLimit(.minutes(1))) struct HappeningsTests {
    private let happenings = Happenings()

    private func next(_ listener: Listener) async -> Happening.Kind? {
        if case .item(let item) = await listener.next() { item.type } else { nil }
    }

    @Test("everybody who listens hears, from the moment on at which they begin")
    func listeners() async throws {
        happenings.tell(.missed(1))
        let one = try #require(happenings.listen())
        happenings.tell(.registry(.collected(blobs: 1, bytes: 2)))
        let two = try #require(happenings.listen())
        happenings.tell(.peer(.peerJoined, id: "b1", name: "node-b"))
        #expect(await next(one) == .listening)
        #expect(await next(one) == .collected)
        #expect(await next(one) == .peerJoined)
        #expect(await next(two) == .listening)
        #expect(await next(two) == .peerJoined)
    }

    @Test("a listener that waits is told at once, and one that is cancelled waits no longer")
    func waiting() async throws {
        let listener = try #require(happenings.listen())
        _ = await listener.next()
        async let told = next(listener)
        happenings.tell(.missed(3))
        #expect(await told == .missed)
        let waiting = Task { await listener.next() }
        waiting.cancel()
        #expect(await waiting.value == nil)
    }

    @Test("so many listen and no more, until one is let go")
    func bounded() {
        var listeners = (0..<Happenings.listenerLimit).map { _ in happenings.listen() }
        #expect(listeners.allSatisfy { $0 != nil })
        #expect(happenings.listen() == nil)
        listeners.removeLast()
        #expect(happenings.listen() != nil)
    }

    @Test("when the agent stops listeners hear the rest, and then the end")
    func end() async throws {
        let listener = try #require(happenings.listen())
        let running = Task { [happenings] in try await happenings.run() }
        running.cancel()
        try await running.value
        #expect(await next(listener) == .listening)
        #expect(await listener.next() == nil)
        let late = try #require(happenings.listen())
        #expect(await next(late) == .listening)
        #expect(await late.next() == nil)
    }

    @Test("an event has its type's fields and no others")
    func json() throws {
        let peer = NodeID.random()
        let finding = BlamedPeers.Finding(peer: peer, digest: try .sample(2), piece: 3, isConvicted: true)
        var happening = Happening.blamed(finding, name: "node-b")
        happening.time = "2026-01-31T12:00:00.007Z"
        let two = String(repeating: "02", count: 32)
        #expect(
            String(decoding: try Backlog.Item(happening).json, as: UTF8.self)
                == #"{"convicted":true,"digest":"sha256:\#(two)","id":"\#(peer)","name":"node-b","piece":3,"schema":1,"#
                + #""time":"2026-01-31T12:00:00.007Z","type":"blamed"}"#)
    }

    // MARK: The answer

    private struct StubStory: Storytelling {
        let happenings: Happenings
        func journal(last count: Int) async -> JournalSnapshot { JournalSnapshot(pulls: []) }
        func explain(_ query: LocateQuery, last count: Int) async -> ExplainSnapshot {
            ExplainSnapshot(query: "\(query) \(count)", pulls: [], now: [])
        }
        func listen() -> Listener? { happenings.listen() }
    }

    private func ask(_ path: String, query: String? = nil, accept: String = "*/*") async throws -> HTTPResponse {
        await AdminResponder(
            source: StubSource(snapshot: try .sample()), access: .loopback, story: StubStory(happenings: happenings)
        ).respond(
            to: HTTPRequest(method: .GET, path: path, query: query, headers: ["Host": "localhost", "Accept": accept]))
    }

    @Test(
        "events come as lines of JSON, and as server-sent events to whoever asks for those",
        arguments: [("*/*", "application/x-ndjson"), ("text/event-stream", "text/event-stream")])
    func forms(accept: String, type: String) async throws {
        let response = try await ask("/api/v1/events", accept: accept)
        #expect(response.headers["Content-Type"] == [type])
        guard case .stream(let body, length: nil) = response.body else {
            Issue.record("no stream")
            return
        }
        happenings.tell(.peer(.peerLeft, id: "b1", name: "node-b"))
        var text = ""
        for try await chunk in body {
            text += String(buffer: chunk)
            if text.contains("peer_left") { break }
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if type == "text/event-stream" {
            #expect(lines.count == 7 && lines[0] == "event: listening" && lines[3] == "event: peer_left")
            #expect(lines[4].hasPrefix(#"data: {"id":"b1","name":"node-b","schema":1,"#))
        } else {
            #expect(lines.count == 3 && lines[1].hasPrefix(#"{"id":"b1","name":"node-b","schema":1,"#))
        }
    }

    @Test("one listener too many is told to come again")
    func tooMany() async throws {
        let listeners = (0..<Happenings.listenerLimit).map { _ in happenings.listen() }
        #expect(try await ask("/api/v1/events").status == .serviceUnavailable)
        withExtendedLifetime(listeners) {}
    }

    @Test(
        "the journal and explain take sensible numbers",
        arguments: [
            ("/api/v1/journal", nil, 200), ("/api/v1/journal", "limit=500", 200), ("/api/v1/journal", "limit=501", 400),
            ("/api/v1/journal", "limit=x", 400), ("/api/v1/explain", "q=nginx", 200), ("/api/v1/explain", nil, 400),
            ("/api/v1/explain", "q=nginx&last=0", 400), ("/api/v1/explain", "q=A", 400),
        ] as [(String, String?, UInt)])
    func numbers(path: String, query: String?, status: UInt) async throws {
        #expect(try await ask(path, query: query).status.code == status)
    }

    @Test("over the socket a program hears each line as it comes, until it has heard enough")
    func client() async throws {
        struct Enough: Error {}
        let responder = AdminResponder(
            source: StubSource(snapshot: try .sample()), access: .socket, story: StubStory(happenings: happenings))
        let heard = Mutex<[String]>([])
        _ = try await withAdminSocket(responder) { socket in
            await #expect(throws: AdminClientError.self) {
                try await AdminClient(sockets: [socket]).events { line in
                    heard.withLock { $0.append(line.value.type) }
                    guard line.value.type == "listening" else { throw Enough() }
                    happenings.tell(.registry(.collected(blobs: 1, bytes: 1)))
                }
            }
        }
        #expect(heard.withLock { $0 } == ["listening", "collected"])
    }
}
