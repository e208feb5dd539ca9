import NIOCore
import NIOHTTP1
import OCI
import Testing

@testable import Transfer

struct UpstreamBlobTests {
    private let bytes = someBytes(300_000)

    private func run(
        _ faults: [StubFault] = [], limits: UpstreamTransport.Limits = .init(),
        _ body: (StubRegistry, UpstreamClient, Origin, Digest) async throws -> Void
    ) async throws {
        try await UpstreamFixture(limits: limits).run { stub, client, origin in
            let blob = stub.add(blob: bytes)
            stub.script(paths(blob: blob), faults)
            try await body(stub, client, origin, blob)
        }
    }

    @Test("A whole blob comes whole", arguments: [[], [.chunked], [.untilClose]] as [[StubFault]])
    func whole(faults: [StubFault]) async throws {
        try await run(faults) { stub, client, origin, blob in
            let answer = try await client.blob(blob, at: origin, range: nil)
            #expect(answer.offset == 0)
            #expect(!answer.rangeIgnored)
            #expect(answer.totalSize == (faults.isEmpty ? 300_000 : nil))
            let received = try await answer.body.readAll()
            #expect(received == bytes)
            let request = try #require(stub.requests.first)
            #expect(!request.headers.contains(name: "Range"))
            #expect(request.headers["User-Agent"] == ["shoal/test"])
            #expect(request.headers["Accept-Encoding"] == ["identity"])
        }
    }

    @Test(
        "A range is asked for in so many words",
        arguments: [
            (0..<1000, "bytes=0-999"), (299_000..<Int64.max, "bytes=299000-"), (5..<6, "bytes=5-5"),
        ] as [(Range<Int64>, String)])
    func ranges(range: Range<Int64>, header: String) async throws {
        try await run { stub, client, origin, blob in
            let answer = try await client.blob(blob, at: origin, range: range)
            #expect(stub.requests.first?.headers["Range"] == [header])
            #expect(answer.offset == range.lowerBound)
            #expect(answer.totalSize == 300_000)
            let end = min(range.upperBound, 300_000)
            let received = try await answer.body.readAll()
            #expect(received == Array(bytes[Int(range.lowerBound)..<Int(end)]))
        }
    }

    @Test("A registry that ignores ranges is told apart")
    func ignoredRange() async throws {
        try await run([.ignoreRange]) { _, client, origin, blob in
            let answer = try await client.blob(blob, at: origin, range: 1000..<2000)
            #expect(answer.rangeIgnored)
            #expect(answer.offset == 0)
            let received = try await answer.body.readAll()
            #expect(received == bytes)
        }
    }

    @Test("A range behind the end cannot be had")
    func unsatisfiable() async throws {
        try await run { _, client, origin, blob in
            let error = await #expect(throws: UpstreamError.self) {
                try await client.blob(blob, at: origin, range: 300_000..<300_001)
            }
            #expect(error?.code == .rangeUnsatisfiable)
        }
    }

    @Test(
        "A lie about the range is refused before a byte is taken",
        arguments: [
            [.contentRange("bytes 0-999/300000")], [.contentRange("bytes 1000-2000/300000")], [.contentRange(nil)],
            [.contentRange("bytes 1000-1999/1500")], [.contentRange("bytes 1000-1899/300000")],
            [.contentRange("lies")], [.header("Content-Encoding", "gzip")],
        ] as [[StubFault]])
    func lies(faults: [StubFault]) async throws {
        try await run(faults) { _, client, origin, blob in
            let error = await #expect(throws: UpstreamError.self) {
                try await client.blob(blob, at: origin, range: 1000..<2000)
            }
            #expect(error?.code == .broken)
        }
    }

    @Test(
        "A body that does not come to its end is an error",
        arguments: [
            [.cut(after: 0)], [.cut(after: 1)], [.cut(after: 100_000)], [.cut(after: 299_999)],
            [.reset(after: 100_000)], [.chunked, .cut(after: 100_000)], [.chunked, .reset(after: 0)],
            [.short(by: 1), .contentLength(300_000)],
        ] as [[StubFault]])
    func cut(faults: [StubFault]) async throws {
        try await run(faults) { _, client, origin, blob in
            let error = await #expect(throws: UpstreamError.self) {
                try await client.blob(blob, at: origin, range: nil).body.readAll()
            }
            #expect(error?.code == .broken)
        }
    }

    @Test(
        "A range with too little or too much in it is an error",
        arguments: [[.chunked, .short(by: 1)], [.chunked, .long(by: 1)]] as [[StubFault]])
    func wrongCount(faults: [StubFault]) async throws {
        try await run(faults) { _, client, origin, blob in
            let answer = try await client.blob(blob, at: origin, range: 1000..<2000)
            let error = await #expect(throws: UpstreamError.self) { try await answer.body.readAll() }
            #expect(error?.code == .broken)
        }
    }

    @Test("Bytes behind the announced length are not the body's")
    func tooLong() async throws {
        try await run([.long(by: 10), .contentLength(300_000)]) { _, client, origin, blob in
            let received = try? await client.blob(blob, at: origin, range: nil).body.readAll()
            #expect(received == nil || received == bytes)
        }
    }

    @Test("A body that falls silent ends with an error")
    func stall() async throws {
        try await run([.stall(after: 1000)], limits: .init(idle: .seconds(2))) { _, client, origin, blob in
            let answer = try await client.blob(blob, at: origin, range: nil)
            let error = await #expect(throws: UpstreamError.self) { try await answer.body.readAll() }
            #expect(error?.code == .broken)
            #expect(error?.message.contains("silent") == true)
        }
    }

    @Test("Who waits for a body can be cancelled")
    func cancelled() async throws {
        try await run([.stall(after: 1000)]) { _, client, origin, blob in
            let answer = try await client.blob(blob, at: origin, range: nil)
            let (started, start) = AsyncStream<Void>.makeStream()
            let task = Task {
                for try await _ in answer.body { start.yield() }
            }
            for await _ in started { break }
            task.cancel()
            _ = await task.result
        }
    }

    @Test("What is not read is not sent for")
    func backPressure() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            let large = [UInt8](repeating: 7, count: 64 << 20)
            let blob = stub.add(blob: large)
            let answer = try await client.blob(blob, at: origin, range: nil)
            var body = answer.body.makeAsyncIterator()
            let first = try #require(await body.next())
            #expect(first.readableBytes <= 256 << 10)
            // What the stub has sent comes to rest: in the system's buffers and a few chunks.
            try await settles { stub.bytesSent }
            #expect(stub.bytesSent < 24 << 20)
            var count = first.readableBytes
            while let chunk = try await body.next() { count += chunk.readableBytes }
            #expect(count == large.count)
        }
    }

    @Test("A blob that is let go of ends its transfer")
    func letGo() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            let blob = stub.add(blob: [UInt8](repeating: 7, count: 64 << 20))
            _ = try await client.blob(blob, at: origin, range: nil)
            try await settles { stub.bytesSent }
            #expect(stub.bytesSent < 24 << 20)
        }
    }

    @Test("A blob's size is told by HEAD")
    func head() async throws {
        try await run { stub, client, origin, blob in
            let size = try await client.size(of: blob, at: origin)
            #expect(size == 300_000)
            #expect(stub.requests.map(\.method) == [.HEAD])
            #expect(stub.bytesSent == 0)
        }
    }

    @Test("Where HEAD is not allowed a GET of one byte tells the size", arguments: [403, 405])
    func headNotAllowed(status: Int) async throws {
        try await UpstreamFixture().run { stub, client, origin in
            let blob = stub.add(blob: bytes)
            stub.script(paths(blob: blob), [.status(status)], [])
            let size = try await client.size(of: blob, at: origin)
            #expect(size == 300_000)
            #expect(stub.requests.map(\.method) == [.HEAD, .GET])
            #expect(stub.requests.last?.headers["Range"] == ["bytes=0-0"])
        }
    }

    @Test("A blob that is not there is not found")
    func missing() async throws {
        try await run { _, client, origin, _ in
            let absent = try Digest("sha256:" + String(repeating: "0", count: 64))
            let error = await #expect(throws: UpstreamError.self) {
                try await client.blob(absent, at: origin, range: nil)
            }
            #expect(error?.code == .notFound)
        }
    }

    @Test("Long bodies leave a connection for short questions")
    func crowd() async throws {
        try await UpstreamFixture(connections: 4).run { stub, client, origin in
            let blob = stub.add(blob: bytes)
            stub.script(paths(blob: blob), [.stall(after: 1000)])
            let digest = stub.add(manifest: Array("{}".utf8))
            var open: [UpstreamBlob] = []
            for _ in 0..<3 { open.append(try await client.blob(blob, at: origin, range: nil)) }
            _ = try await client.head(.digest(digest), at: origin, accept: [], deadline: .seconds(30))
            #expect(stub.connections == 4)
            #expect(open.count == 3)
        }
    }
}

/// Waits until a number no longer changes.
func settles(_ number: () -> Int) async throws {
    var last = -1
    var same = 0
    while same < 5 {
        let now = number()
        same = now == last ? same + 1 : 0
        last = now
        try await Task.sleep(for: .milliseconds(20))
    }
}
