import Content
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import Gateway

@Suite("The pace of bodies", .timeLimit(.minutes(1)))
struct PaceTests {
    /// Lets bytes go as the test says, and notes what was asked.
    private final class SteppedPace: BodyPace {
        private struct State {
            var takes: [Int] = []
            var charges: [Int] = []
        }

        let portion: Int64?
        /// Told at each asking.
        let asked = Signal<Int>()
        private let state = Mutex(State())
        private let gate: AsyncStream<Void>
        private let open: AsyncStream<Void>.Continuation
        private let isOpen: Bool

        /// - Parameter isOpen: nobody waits.
        init(portion: Int64?, isOpen: Bool = false) {
            self.portion = portion
            self.isOpen = isOpen
            (gate, open) = AsyncStream.makeStream()
        }

        var takes: [Int] { state.withLock { $0.takes } }
        var charges: [Int] { state.withLock { $0.charges } }

        func step() { open.yield() }

        func take(_ count: Int) async throws {
            state.withLock { $0.takes.append(count) }
            asked.send(count)
            guard !isOpen else { return }
            var gate = gate.makeAsyncIterator()
            guard await gate.next() != nil else { throw CancellationError() }
        }

        func charge(_ count: Int) { state.withLock { $0.charges.append(count) } }
    }

    private static func paced(_ pace: SteppedPace, _ response: @escaping @Sendable () -> HTTPResponse) -> PacedResponder
    {
        PacedResponder(StubResponder { _ in response() }, pace: pace)
    }

    @Test("A blob goes out in portions, each once it may", arguments: Wire.allCases)
    func portions(wire: Wire) async throws {
        let reader = try WholeReader(10_000)
        let pace = SteppedPace(portion: 4000)
        let responder = Self.paced(pace) {
            HTTPResponse(status: .ok, body: .blob(HTTPBlobBody(reader: reader, range: 0..<10_000)))
        }
        try await withServer(responder, over: wire) { address in
            try await withClient(address, over: wire) { client async throws in
                try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                // The head does not wait: the client knows that the bytes will come.
                #expect(try await client.head()["Content-Length"] == "10000")
                for range in [0..<4000, 4000..<8000, 8000..<10_000] {
                    #expect(try await pace.asked.next() == range.count)
                    pace.step()
                    #expect(try await client.bytes(range.count) == pattern(range))
                }
            }
        }
        #expect(pace.takes == [4000, 4000, 2000])
        #expect(pace.charges == [])
    }

    @Test("Every byte of every body counts once", arguments: [nil, 1000, 1 << 30] as [Int64?])
    func counted(portion: Int64?) async throws {
        let reader = try WholeReader(100_000)
        let pace = SteppedPace(portion: portion, isOpen: true)
        let responder = Self.paced(pace) {
            HTTPResponse(status: .partialContent, body: .blob(HTTPBlobBody(reader: reader, range: 5..<70_005)))
        }
        try await withServer(responder) { address in
            try await withClient(address) { client async throws in
                #expect(try await client.get("/").body == pattern(5..<70_005))
            }
        }
        #expect(pace.takes.reduce(0, +) == 70_000)
        #expect(pace.takes.allSatisfy { Int64($0) <= portion ?? .max })
    }

    @Test("Bytes that come as a stream wait, too")
    func stream() async throws {
        let pace = SteppedPace(portion: 10)
        let responder = Self.paced(pace) {
            let chunks = AsyncThrowingStream<ByteBuffer, any Error> { continuation in
                continuation.yield(ByteBuffer(string: "one"))
                continuation.yield(ByteBuffer(string: "three"))
                continuation.finish()
            }
            return HTTPResponse(status: .ok, body: .stream(chunks, length: 8))
        }
        try await withServer(responder) { address in
            try await withClient(address) { client async throws in
                try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                _ = try await client.head()
                for text in ["one", "three"] {
                    #expect(try await pace.asked.next() == text.utf8.count)
                    pace.step()
                    #expect(try await client.bytes(text.utf8.count) == Array(text.utf8))
                }
            }
        }
    }

    @Test("A short answer does not wait, and is counted; a HEAD costs nothing")
    func short() async throws {
        let pace = SteppedPace(portion: 1)
        try await withServer(Self.paced(pace) { .text("hello") }) { address in
            try await withClient(address) { client async throws in
                #expect(try await client.get("/").text == "hello")
                try await client.send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(try await client.response(toHead: true)["Content-Length"] == "5")
            }
        }
        #expect(pace.charges == [5])
        #expect(pace.takes == [])
    }

    @Test("A client that goes away while its bytes wait ends the wait, and its reader is closed")
    func gone() async throws {
        let reader = try WholeReader(10_000)
        let pace = SteppedPace(portion: 4000)
        let stub = StubResponder { _ in
            HTTPResponse(status: .ok, body: .blob(HTTPBlobBody(reader: reader, range: 0..<10_000)))
        }
        try await withServer(PacedResponder(stub, pace: pace)) { address in
            try await withClient(address) { client async throws in
                try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                _ = try await pace.asked.next()
            }
            try await reader.closed.next()
            #expect(try await stub.outcomes.next().end.name == "clientGone")
        }
    }

    @Test("Other answers of the server are not slowed by one that waits")
    func others() async throws {
        let reader = try WholeReader(10_000)
        let pace = SteppedPace(portion: nil)
        let stub = StubResponder { request in
            var response = HTTPResponse(status: .ok, body: .blob(HTTPBlobBody(reader: reader, range: 0..<10_000)))
            if request.path == "/slow" { response.pace = pace }
            return response
        }
        try await withServer(stub) { address in
            try await withClient(address) { slow async throws in
                try await slow.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
                _ = try await pace.asked.next()
                try await withClient(address) { client async throws in
                    #expect(try await client.get("/fast").body == pattern(0..<10_000))
                }
                pace.step()
                #expect(try await slow.response().body == pattern(0..<10_000))
            }
        }
    }
}
