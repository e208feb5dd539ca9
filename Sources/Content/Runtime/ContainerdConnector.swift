import Logging
import SystemPackage

/// Connects to containerd by its own protocol.
struct ContainerdConnector: RuntimeConnector {
    let logger: Logger

    func withRuntime(at socket: FilePath, _ body: @Sendable (any RuntimeService) async throws -> Void) async throws {
        throw ContentError(.unusable, "\(socket): this build has no client of containerd's")
    }
}
