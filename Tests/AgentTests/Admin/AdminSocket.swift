import Gateway
import Logging
import NIOPosix
import SystemPackage

@testable import Agent

/// Runs an admin endpoint on a socket of its own.
func withAdminSocket<Result: Sendable>(
    _ responder: any HTTPResponder, _ body: @Sendable (FilePath) async throws -> Result
) async throws -> Result {
    let folder = try TemporaryFolder()
    let socket = folder.path.appending("shoal.sock")
    let listener = HTTPListener(
        addresses: [ListenAddress(.unix(path: socket.string, mode: 0o600))], responder: responder,
        group: MultiThreadedEventLoopGroup.singleton,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    try await listener.bind()
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await listener.run() }
        defer { group.cancelAll() }
        return try await body(socket)
    }
}
