import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
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
    // Each connection has an owner from the moment it is there: one that is dropped on its way to somebody is a trap of NIO's.
    let serving = Mutex<[Task<Void, Never>]>([])
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                // Not NIO's own handler for pipelining: it lets no answer out before the request is whole.
                try channel.pipeline.syncOperations.addHandlers([
                    HTTPResponseEncoder(), ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)),
                ])
                let connection = try NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>(
                    wrappingChannelSynchronously: channel)
                let task = Task<Void, Never> { try? await connection.executeThenClose { try await serve($0, $1) } }
                serving.withLock { $0.append(task) }
            }
        }
        .bind(unixDomainSocketPath: socket.string).get()
    let result: Swift.Result<Result, any Error>
    do { result = .success(try await body(socket)) } catch { result = .failure(error) }
    try? await server.close()
    for task in serving.withLock({ $0 }) {
        task.cancel()
        await task.value
    }
    return try result.get()
}
