import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import OCI
import SystemPackage

/// Jobs that the agent does while somebody watches: a line of JSON for each thing that happens.
extension AdminClient {
    /// The agent says at least this often that it is there.
    private static let silenceLimit: TimeAmount = .seconds(60)
    /// Of one line. A pull may name thousands of blobs in it.
    private static let lineLimit = 1 << 20

    /// Begins a job, and watches it. Cancelling the task, or ending the process, ends the job.
    /// - Parameters:
    ///   - what: the job, for messages: `the verification`.
    ///   - tell: told each line as it comes.
    ///   - isLast: whether nothing comes after a line.
    func watch<Event: Decodable & Sendable>(
        _ what: String, _ target: String, tell: (Answer<Event>) async throws -> Void,
        isLast: (Event) -> Bool
    ) async throws(AdminClientError) {
        try await reach { socket in try await Self.stream(what, target, over: socket, tell, isLast) }
    }

    private static func stream<Event: Decodable & Sendable>(
        _ what: String, _ target: String, over socket: FilePath, _ tell: (Answer<Event>) async throws -> Void,
        _ isLast: (Event) -> Bool
    ) async throws {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(2))
            .connect(unixDomainSocketPath: socket.string) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        IdleStateHandler(readTimeout: silenceLimit), SilenceEnding(),
                    ])
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                        wrappingChannelSynchronously: channel)
                }
            }
        try await channel.executeThenClose { inbound, outbound in
            let headers: HTTPHeaders = ["Host": "localhost", "Connection": "close", "Accept": "application/x-ndjson"]
            try await outbound.write(
                contentsOf: [
                    .head(HTTPRequestHead(version: .http1_1, method: .POST, uri: target, headers: headers)), .end(nil),
                ])
            var status = 0
            var lines = LineSplitter(limit: lineLimit)
            for try await part in inbound {
                switch part {
                case .head(let head): status = Int(head.status.code)
                case .body(let bytes) where status == 200:
                    for line in try lines.add(bytes.readableBytesView) {
                        let event: Event = try decode(line)
                        try await tell(Answer(value: event, json: line))
                        if isLast(event) { return }
                    }
                case .body(let bytes): _ = try lines.add(bytes.readableBytesView)
                case .end where status != 200: throw refusal(status, lines.rest)
                case .end: break
                }
            }
            throw AdminClientError(.broken, "the agent broke \(what) off; its log may say why")
        }
    }

    private static func decode<Event: Decodable>(_ line: [UInt8]) throws -> Event {
        do {
            return try JSONDecoder().decode(Event.self, from: Data(line))
        } catch {
            throw AdminClientError(
                .broken, "the agent's answer is not understood; are the agent and this command of one version?",
                cause: error)
        }
    }
}

/// Cuts bytes into lines as they come.
struct LineSplitter {
    /// How many bytes a line may have.
    let limit: Int
    /// What has come of a line that has not ended.
    private(set) var rest: [UInt8] = []

    init(limit: Int) {
        self.limit = limit
    }

    /// - Returns: The lines that have ended, without line feeds.
    mutating func add(_ bytes: some Collection<UInt8>) throws(AdminClientError) -> [[UInt8]] {
        rest += bytes
        var lines = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
        rest = lines.removeLast()
        guard rest.count <= limit else {
            throw AdminClientError(.broken, "a line of the agent's answer is longer than \(limit) bytes")
        }
        return lines
    }
}

/// Ends a connection on which nothing has come for too long.
private final class SilenceEnding: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.fireErrorCaught(AdminClientError(.timedOut, "the agent says nothing any more; its log may say why"))
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }
}
