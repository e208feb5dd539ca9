import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import Transfer

@Suite struct DeadPeerHandlerTests {
    /// Who knocks, and what they hear.
    private final class Door: Sendable {
        private let state: Mutex<(answers: [Bool], knocks: Int)>

        /// - Parameter answers: knock after knock; the last one holds for all that follow.
        init(_ answers: Bool...) { state = Mutex((answers, 0)) }

        var knocks: Int { state.withLock { $0.knocks } }

        func knock(_ address: SocketAddress, _ eventLoop: any EventLoop) -> EventLoopFuture<Bool> {
            let answer = state.withLock { state in
                state.knocks += 1
                return state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
            }
            return eventLoop.makeSucceededFuture(answer)
        }
    }

    private func channel(_ door: Door) throws -> EmbeddedChannel {
        try channel(MachinePulses(knock: door.knock))
    }

    private func channel(_ pulses: MachinePulses, on eventLoop: EmbeddedEventLoop = EmbeddedEventLoop()) throws
        -> EmbeddedChannel
    {
        let channel = EmbeddedChannel(handler: DeadPeerHandler(pulses), loop: eventLoop)
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 5051)).wait()
        try channel.syncOptions?.setOption(.autoRead, value: false)
        return channel
    }

    private func ask(_ channel: EmbeddedChannel) throws {
        try channel.writeOutbound(HTTPClientRequestPart.head(.init(version: .http1_1, method: .GET, uri: "/")))
        try channel.writeOutbound(HTTPClientRequestPart.end(nil))
        channel.read()
    }

    private func passes(_ channel: EmbeddedChannel, milliseconds: Int64) {
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(milliseconds))
    }

    private let head = HTTPClientResponsePart.head(HTTPResponseHead(version: .http1_1, status: .ok))
    private let chunk = HTTPClientResponsePart.body(ByteBuffer(string: "bytes"))

    @Test("a peer whose machine is gone is left, at the head of an answer")
    func dead() throws {
        let door = Door(false)
        let channel = try channel(door)
        try ask(channel)
        passes(channel, milliseconds: 99)
        #expect(door.knocks == 0)
        passes(channel, milliseconds: 51)
        #expect(door.knocks == 2 && !channel.isActive)
        #expect(throws: DeadPeerError.self) { try channel.throwIfErrorCaught() }
    }

    @Test("and in the middle of a body")
    func deadInBody() throws {
        let channel = try channel(Door(false))
        try ask(channel)
        try channel.writeInbound(head)
        for _ in 0..<20 {
            passes(channel, milliseconds: 50)
            try channel.writeInbound(chunk)
            channel.read()
        }
        #expect(channel.isActive)
        passes(channel, milliseconds: 300)
        #expect(!channel.isActive)
    }

    @Test("a peer that answers one of two knocks is left in peace for a second", arguments: [[true], [false, true]])
    func silentAndAlive(answers: [Bool]) throws {
        let door = answers.count > 1 ? Door(false, true) : Door(true)
        let channel = try channel(door)
        try ask(channel)
        passes(channel, milliseconds: 1090)
        #expect(channel.isActive && door.knocks == answers.count)
        passes(channel, milliseconds: 110)
        #expect(channel.isActive && door.knocks == answers.count + 1)
    }

    @Test("for all connections to a machine somebody knocks once")
    func together() throws {
        let door = Door(false)
        let pulses = MachinePulses(knock: door.knock)
        let eventLoop = EmbeddedEventLoop()
        let channels = try (0..<3).map { _ in try channel(pulses, on: eventLoop) }
        for channel in channels { try ask(channel) }
        eventLoop.advanceTime(by: .milliseconds(150))
        #expect(door.knocks == 2)
        #expect(channels.allSatisfy { !$0.isActive })
    }

    @Test("bytes on one connection are a sign of life for the others")
    func elsewhere() throws {
        let door = Door(false)
        let pulses = MachinePulses(knock: door.knock)
        let eventLoop = EmbeddedEventLoop()
        let (silent, other) = (try channel(pulses, on: eventLoop), try channel(pulses, on: eventLoop))
        try ask(silent)
        try ask(other)
        try other.writeInbound(head)
        for _ in 0..<20 {
            eventLoop.advanceTime(by: .milliseconds(90))
            try other.writeInbound(chunk)
            other.read()
        }
        #expect(silent.isActive && door.knocks == 0)
        eventLoop.advanceTime(by: .milliseconds(200))
        #expect(!silent.isActive)
    }

    @Test("bytes that come while nobody opens the door are a sign of life")
    func sign() throws {
        let channel = try channel(Door(false))
        try ask(channel)
        passes(channel, milliseconds: 120)
        try channel.writeInbound(head)
        channel.read()
        passes(channel, milliseconds: 40)
        #expect(channel.isActive)
    }

    @Test("nobody knocks for a connection that owes nothing, or whose reader takes its time")
    func nothingOwed() throws {
        let door = Door(false)
        let channel = try channel(door)
        try ask(channel)
        try channel.writeInbound(head)
        try channel.writeInbound(chunk)
        passes(channel, milliseconds: 60_000)
        channel.read()
        try channel.writeInbound(HTTPClientResponsePart.end(nil))
        channel.read()
        passes(channel, milliseconds: 60_000)
        #expect(channel.isActive && door.knocks == 0)
    }

    @Test("who refuses a connection is there, and who takes it")
    func real() async throws {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0).get()
        let address = try #require(listener.localAddress)
        let eventLoop = listener.eventLoop
        #expect(try await MachinePulse.connect(address, eventLoop).get())
        try await listener.close()
        #expect(try await MachinePulse.connect(address, eventLoop).get())
    }
}
