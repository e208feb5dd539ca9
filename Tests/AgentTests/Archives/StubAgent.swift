import NIOCore
import NIOHTTP1
import NIOPosix
import SystemPackage

/// Answers one request on a socket, part by part, as an agent might that is otherwise than ours.
func withStubAgent<Result: Sendable>(
    _ serve:
        @escaping @Sendable (
            NIOAsyncChannelInboundStream<HTTPServerRequestPart>, NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
        ) async throws -> Void,
    _ body: @Sendable (FilePath) async throws -> Result
) async throws -> Result {
    let folder = try TemporaryFolder()
    let socket = folder.path.appending("stub.sock")
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .bind(unixDomainSocketPath: socket.string) { channel in
            channel.eventLoop.makeCompletedFuture {
                let handlers = channel.pipeline.syncOperations
                // Not NIO's own handler for pipelining: it lets no answer out before the request is whole.
                try handlers.addHandlers([
                    HTTPResponseEncoder(), ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)),
                ])
                return try NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>(
                    wrappingChannelSynchronously: channel)
            }
        }
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            try await server.executeThenClose { connections in
                for try await connection in connections {
                    try? await connection.executeThenClose { try await serve($0, $1) }
                }
            }
        }
        defer { group.cancelAll() }
        return try await body(socket)
    }
}
