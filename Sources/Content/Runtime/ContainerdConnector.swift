import Containerd
import Logging
import SystemPackage

/// Connects to containerd by its own protocol.
struct ContainerdConnector: RuntimeConnector {
    private let warnings: OneTimeWarnings
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
        warnings = OneTimeWarnings(logger: logger)
    }

    func withRuntime(
        at socket: FilePath, _ body: @escaping @Sendable (any RuntimeService) async throws -> Void
    ) async throws {
        try await ContainerdClient.withConnection(
            to: socket,
            passedOver: { warnings.warn("what containerd lists makes no sense in part; that is passed over", $0) }
        ) { client in
            try await body(ContainerdService(client: client, warnings: warnings, logger: logger))
        }
    }
}
