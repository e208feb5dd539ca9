import Content
import ServiceLifecycle

/// Follows what containerd holds, for as long as the agent runs.
struct RuntimeFollowing: Service, CustomStringConvertible {
    let runtime: ContainerdStore

    var description: String { "RuntimeFollowing" }

    func run() async throws {
        await cancelWhenGracefulShutdown { await runtime.run() }
    }
}
