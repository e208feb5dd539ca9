import Content
import Glibc
import NIOCore
import NIOHTTP1
import Testing

@testable import Gateway

@Suite("Bodies", .timeLimit(.minutes(1)))
struct BodyTests {
    private static func blob(
        _ reader: any BlobReader, _ range: Range<Int64>? = nil,
        continuation: (@Sendable (any Error, Range<Int64>) async throws -> HTTPBodyStream?)? = nil
    ) -> StubResponder {
        StubResponder { _ in
            HTTPResponse(
                status: .ok,
                body: .blob(HTTPBlobBody(reader: reader, range: range ?? 0..<reader.size, continuation: continuation)))
        }
    }

    @Test(
        "A range of a file goes out byte for byte",
        arguments: [
            0..<1, 0..<0, 5..<4096, 0..<(9 << 20), (4 << 20) - 1..<(4 << 20) + 1, (256 << 10) - 1..<(256 << 10) + 1,
            (9 << 20) - 7..<(9 << 20),
        ]
            as [Range<Int64>], Wire.allCases)
    func region(range: Range<Int64>, wire: Wire) async throws {
        let reader = try WholeReader(9 << 20)
        let responder = Self.blob(reader, range)
        try await withServer(responder, over: wire) { address in
            try await withClient(address, over: wire) { client async throws in
                let response = try await client.get("/")
                #expect(response["Content-Length"] == "\(range.count)")
                #expect(response.body == pattern(Int(range.lowerBound)..<Int(range.upperBound)))
                // Nothing more comes, and the connection is good for another request.
                #expect(try await client.get("/").body.count == range.count)
            }
        }
        try await reader.closed.next()
        let outcome = try await responder.outcomes.next()
        #expect(outcome.end.name == "complete")
        #expect(outcome.bytes == range.count)
    }

    @Test("Two hundred clients read one file at once", arguments: Wire.allCases)
    func manyReaders(wire: Wire) async throws {
        let reader = try WholeReader(1 << 20)
        let bytes = pattern(0..<(1 << 20))
        try await withServer(Self.blob(reader), over: wire) { address in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        try await withClient(address, over: wire) { try await $0.get("/").body == bytes }
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test("HEAD for a blob closes its reader and sends none of it", arguments: Wire.allCases)
    func head(wire: Wire) async throws {
        let reader = try WholeReader(1000)
        try await withServer(Self.blob(reader), over: wire) { address in
            try await withClient(address, over: wire) { client async throws in
                try await client.send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(try await client.response(toHead: true)["Content-Length"] == "1000")
                try await reader.closed.next()
            }
        }
    }

    @Test("Bytes of a growing blob go out as they are let go", arguments: Wire.allCases)
    func growing(wire: Wire) async throws {
        let reader = try SteppingReader(300_000, steps: [1, 100_000, 300_000])
        try await withServer(Self.blob(reader), over: wire) { address in
            try await withClient(address, over: wire) { client async throws in
                try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(try await client.head().status == 200)
                #expect(try await client.bytes(1) == pattern(0..<1))
                reader.step()
                #expect(try await client.bytes(99_999) == pattern(1..<100_000))
                reader.step()
                #expect(try await client.bytes(200_000) == pattern(100_000..<300_000))
                try await reader.closed.next()
            }
        }
    }

    @Test("A source that fails in the middle ends the body short, with a FIN", arguments: Wire.allCases)
    func sourceFails(wire: Wire) async throws {
        let reader = try SteppingReader(300_000, steps: [200_000], then: SteppingReader.Failure())
        let responder = Self.blob(reader)
        try await withServer(responder, over: wire) { address in
            try await withClient(address, over: wire) { client async throws in
                // More than asked for lies unread in the server's kernel: closing must not make it a RST.
                try await client.send(String(repeating: "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", count: 1000))
                let head = try await client.head()
                #expect(head.status == 200)
                #expect(head["Content-Length"] == "300000")
                #expect(try await client.rest() == pattern(0..<200_000))
            }
        }
        let outcome = try await responder.outcomes.next()
        guard case .broken(let error) = outcome.end else {
            Issue.record("the answer ended \(outcome.end.name)")
            return
        }
        #expect(error is SteppingReader.Failure)
        try await reader.closed.next()
    }

    @Test("A blob whose first byte cannot be had is an error, not a 200", arguments: Wire.allCases)
    func noFirstByte(wire: Wire) async throws {
        let reader = try SteppingReader(300_000, steps: [], then: SteppingReader.Failure())
        let responder = Self.blob(reader)
        try await withServer(responder, over: wire) { address in
            try await withClient(address, over: wire) { client async throws in
                let response = try await client.get("/")
                #expect(response.status == 503)
            }
        }
        #expect(try await responder.outcomes.next().status == .serviceUnavailable)
    }

    @Test("A client that goes away ends the wait for bytes, and counts as no failure", arguments: Wire.allCases)
    func clientGone(wire: Wire) async throws {
        let reader = try SteppingReader(300_000, steps: [1])
        let responder = Self.blob(reader)
        try await withServer(responder, over: wire) { address in
            try await withClient(address, over: wire) { client async throws in
                try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(try await client.head().status == 200)
                #expect(try await reader.waiting.next() == 0)
                #expect(try await reader.waiting.next() == 1)
            }
            try await reader.closed.next()
        }
        #expect(try await responder.outcomes.next().end.name == "clientGone")
    }

    @Test("A client that goes away with most of a large blob unread closes the reader", arguments: Wire.allCases)
    func clientGoneMidway(wire: Wire) async throws {
        let reader = try WholeReader(64 << 20)
        let responder = Self.blob(reader)
        try await withServer(responder, over: wire) { address in
            try await withClient(address, over: wire) { client async throws in
                try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(try await client.head().status == 200)
            }
            try await reader.closed.next()
        }
        #expect(try await responder.outcomes.next().end.name == "clientGone")
    }

    @Test("A client that goes away while the responder thinks cancels it", arguments: Wire.allCases)
    func clientGoneEarly(wire: Wire) async throws {
        let (asked, cancelled) = (Signal<Void>(), Signal<Void>())
        let responder = StubResponder { _ in
            asked.send(())
            try? await Task.sleep(for: .seconds(3600))
            cancelled.send(())
            return .text("too late")
        }
        try await withServer(responder, over: wire) { address in
            try await withClient(address, over: wire) { client async throws in
                try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                try await asked.next()
            }
            try await cancelled.next()
        }
    }

    @Test("A client that reads nothing is cut off", arguments: Wire.allCases)
    func stalled(wire: Wire) async throws {
        var limits = HTTPLimits()
        limits.stallTime = .milliseconds(200)
        let reader = try WholeReader(64 << 20)
        let responder = Self.blob(reader)
        try await withServer(responder, limits: limits, over: wire) { address in
            try await withClient(address, over: wire) { client async throws in
                try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                try await reader.closed.next()
            }
        }
        #expect(try await responder.outcomes.next().end.name == "clientGone")
    }

    @Test("A full disk is passed by a stream from the byte where it filled up", arguments: Wire.allCases)
    func continuation(wire: Wire) async throws {
        let reader = try SteppingReader(300_000, steps: [100_000], then: ContentError(.noSpace, "full"))
        let responder = Self.blob(reader) { error, rest in
            guard (error as? ContentError)?.code == .noSpace else { return nil }
            return AsyncThrowingStream<ByteBuffer, any Error> { continuation in
                for start in stride(from: Int(rest.lowerBound), to: Int(rest.upperBound), by: 7000) {
                    // The last chunk has more than was asked for.
                    continuation.yield(ByteBuffer(bytes: pattern(start..<start + 7000)))
                }
                continuation.finish()
            }
        }
        try await withServer(responder, over: wire) { address in
            try await withClient(address, over: wire) { client async throws in
                // The second time the disk is full from the first byte on.
                for _ in 0..<2 {
                    let response = try await client.get("/")
                    #expect(response.status == 200)
                    #expect(response.body == pattern(0..<300_000))
                }
            }
        }
        #expect(try await responder.outcomes.next().end.name == "complete")
    }

    @Test("A stream that ends early ends the body short, with a FIN", arguments: Wire.allCases)
    func shortStream(wire: Wire) async throws {
        let responder = StubResponder { _ in
            let stream = AsyncThrowingStream<ByteBuffer, any Error> { continuation in
                continuation.yield(ByteBuffer(string: "abc"))
                continuation.finish()
            }
            return HTTPResponse(status: .ok, body: .stream(stream, length: 5))
        }
        try await withServer(responder, over: wire) { address in
            try await withClient(address, over: wire) { client async throws in
                try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(try await client.head()["Content-Length"] == "5")
                #expect(try await client.rest() == Array("abc".utf8))
            }
        }
        #expect(try await responder.outcomes.next().end.name == "broken")
    }

    @Test(
        "A stream of unknown length goes out in chunks, and to HTTP/1.0 up to the FIN", arguments: ["1.0", "1.1"],
        Wire.allCases)
    func unknownLength(version: String, wire: Wire) async throws {
        let responder = StubResponder { _ in
            let stream = AsyncThrowingStream<ByteBuffer, any Error> { continuation in
                for _ in 0..<3 { continuation.yield(ByteBuffer(string: "abc")) }
                continuation.finish()
            }
            return HTTPResponse(status: .ok, body: .stream(stream, length: nil))
        }
        try await withServer(responder, over: wire) { address in
            try await withClient(address, over: wire) { client async throws in
                try await client.send("GET / HTTP/\(version)\r\nHost: localhost\r\n\r\n")
                let response = try await client.response()
                #expect(response.text == "abcabcabc")
                #expect((response["Transfer-Encoding"] == "chunked") == (version == "1.1"))
            }
        }
    }

    @Test(
        "A file that is shorter than its reader says ends the body short, and spins nothing", arguments: Wire.allCases)
    func shortFile(wire: Wire) async throws {
        let reader = try LyingReader(1 << 20, claims: 10 << 20)
        var limits = HTTPLimits()
        limits.regionSize = 1 << 20
        let responder = Self.blob(reader)
        try await withServer(responder, limits: limits, over: wire) { address in
            try await withClient(address, over: wire) { client async throws in
                try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(try await client.head()["Content-Length"] == "\(10 << 20)")
                #expect(try await client.rest() == pattern(0..<(1 << 20)))
            }
        }
        #expect(try await responder.outcomes.next().end.name == "broken")
    }

    @Test("Where bytes cannot be read and there is another file, the body goes on with that", arguments: Wire.allCases)
    func otherFile(wire: Wire) async throws {
        var limits = HTTPLimits()
        limits.regionSize = 1 << 20
        let responder = Self.blob(try TwoFilesReader(10 << 20, first: 3 << 20))
        try await withServer(responder, limits: limits, over: wire) { address in
            try await withClient(address, over: wire) { client async throws in
                try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                #expect(try await client.head().status == 200)
                #expect(try await client.rest() == pattern(0..<(10 << 20)))
            }
        }
    }

    @Test("A file that is truncated while it goes out does not hold its connection for long", arguments: Wire.allCases)
    func truncated(wire: Wire) async throws {
        let reader = try WholeReader(64 << 20)
        let responder = Self.blob(reader)
        try await withServer(responder, over: wire) { address in
            try await withClient(address, over: wire) { client async throws in
                try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(try await client.head().status == 200)
                #expect(ftruncate(reader.file.descriptor, 1 << 20) == 0)
                let rest = try await client.rest()
                #expect(rest.count < 64 << 20)
                #expect(rest.prefix(1 << 20).elementsEqual(pattern(0..<(1 << 20))))
            }
        }
        try await reader.closed.next()
    }
}
