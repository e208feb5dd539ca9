import NIOCore
import NIOHTTP1
import Synchronization

/// A request's body on its way to the agent, as fast as that takes it, while the answer is read elsewhere.
final class Upload: Sendable {
    private let head: HTTPRequestHead
    private let body: ArchiveSource
    private let connection: AdminConnection
    private let outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
    private let fault = Mutex<AdminClientError?>(nil)

    init(
        head: HTTPRequestHead, body: ArchiveSource, connection: AdminConnection,
        outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
    ) {
        self.head = head
        self.body = body
        self.connection = connection
        self.outbound = outbound
    }

    /// Why the body could not be read to its end.
    var failure: AdminClientError? { fault.withLock { $0 } }

    /// Sends all of it. Where that fails the connection is closed: half an archive must not look like one.
    func run() async {
        do {
            try await outbound.write(.head(head))
            var chunks = body.makeAsyncIterator()
            while let chunk = try await next(&chunks) {
                try await outbound.write(.body(.byteBuffer(chunk)))
            }
            try await outbound.write(.end(nil))
            // All is there: it is the agent's turn.
            connection.silence.expectAnswer()
        } catch is CancellationError {
            // The answer is known.
        } catch {
            // Of a connection that broke its reader hears, with what the agent has said before.
            connection.channel.channel.close(promise: nil)
        }
    }

    private func next(_ chunks: inout ArchiveSource.AsyncIterator) async throws -> ByteBuffer? {
        do {
            return try await chunks.next()
        } catch let error as AdminClientError {
            fault.withLock { $0 = error }
            throw error
        }
    }
}
