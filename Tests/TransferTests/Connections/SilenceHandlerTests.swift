import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Transfer

struct SilenceHandlerTests {
    /// A channel whose client reads when the test says so, and the handler.
    private func channel(from start: SilenceHandler.Start = .request) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(handler: SilenceHandler(limit: .seconds(30), from: start))
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 80)).wait()
        try channel.syncOptions?.setOption(.autoRead, value: false)
        return channel
    }

    private func ask(_ channel: EmbeddedChannel) throws {
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
        try channel.writeOutbound(HTTPClientRequestPart.head(head))
        try channel.writeOutbound(HTTPClientRequestPart.end(nil))
    }

    private func answer(_ channel: EmbeddedChannel, _ part: HTTPClientResponsePart) throws {
        try channel.writeInbound(part)
    }

    private let head = HTTPClientResponsePart.head(HTTPResponseHead(version: .http1_1, status: .ok))
    private let chunk = HTTPClientResponsePart.body(ByteBuffer(string: "bytes"))

    private func passes(_ channel: EmbeddedChannel, seconds: Int64) {
        channel.embeddedEventLoop.advanceTime(by: .seconds(seconds))
    }

    @Test("A server that owes an answer and is silent is left")
    func silence() throws {
        let channel = try channel()
        try ask(channel)
        channel.read()
        passes(channel, seconds: 29)
        #expect(channel.isActive)
        passes(channel, seconds: 1)
        #expect(!channel.isActive)
        #expect(throws: SilenceError.self) { try channel.throwIfErrorCaught() }
    }

    @Test("Where a request has a time of its own until the head, silence counts from there")
    func fromHead() throws {
        let channel = try channel(from: .head)
        try ask(channel)
        channel.read()
        passes(channel, seconds: 300)
        #expect(channel.isActive)
        try answer(channel, head)
        channel.read()
        passes(channel, seconds: 31)
        #expect(!channel.isActive)
        #expect(throws: SilenceError.self) { try channel.throwIfErrorCaught() }
    }

    @Test("Each chunk begins the time anew")
    func progress() throws {
        let channel = try channel()
        try ask(channel)
        channel.read()
        try answer(channel, head)
        for _ in 0..<5 {
            channel.read()
            passes(channel, seconds: 20)
            try answer(channel, chunk)
        }
        #expect(channel.isActive)
        channel.read()
        passes(channel, seconds: 31)
        #expect(!channel.isActive)
    }

    @Test("A reader that takes its time costs no connection")
    func slowReader() throws {
        let channel = try channel()
        try ask(channel)
        channel.read()
        try answer(channel, head)
        try answer(channel, chunk)
        passes(channel, seconds: 600)
        #expect(channel.isActive)
        channel.read()
        passes(channel, seconds: 31)
        #expect(!channel.isActive)
    }

    @Test("A connection that waits in the pool owes nothing")
    func pooled() throws {
        let channel = try channel()
        try ask(channel)
        channel.read()
        try answer(channel, head)
        try answer(channel, .end(nil))
        channel.read()
        passes(channel, seconds: 600)
        #expect(channel.isActive)
        try ask(channel)
        passes(channel, seconds: 29)
        #expect(channel.isActive)
        passes(channel, seconds: 2)
        #expect(!channel.isActive)
    }
}
