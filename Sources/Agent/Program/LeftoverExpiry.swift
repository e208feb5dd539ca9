import Content
import NIOPosix
import ServiceLifecycle

/// Lets arriving blobs go that were cut off and that nobody asked for again in a day.
struct LeftoverExpiry: Service, CustomStringConvertible {
    private static let interval: Duration = .seconds(60 * 60)

    let spool: Spool

    var description: String { "LeftoverExpiry" }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: Self.interval)) != nil {
                try? await NIOThreadPool.singleton.runIfActive { [spool] in spool.dropLeftovers() }
            }
        }
    }
}
