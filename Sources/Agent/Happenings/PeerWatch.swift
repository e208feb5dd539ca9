import Discovery
import ServiceLifecycle

/// Looks every second who is there, and tells what has changed.
struct PeerWatch: Service {
    private static let pace: Duration = .seconds(1)

    let directory: Directory
    let happenings: Happenings

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var changes = PeerChanges()
            while (try? await Task.sleep(for: Self.pace)) != nil {
                for happening in changes.look(at: directory.peers()) { happenings.tell(happening) }
            }
        }
    }
}
