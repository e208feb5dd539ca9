import Containerd
import Logging
import Synchronization
import SystemPackage

/// How a store comes to know what containerd holds.
extension ContainerdStore {
    /// Follows containerd until the task is cancelled: connects, looks, keeps up to date, and begins anew when it goes away.
    ///
    /// A containerd that is absent, restarts or is upgraded costs no more than fewer blobs for that while.
    public func run() async {
        var reconnection = Reconnection()
        var lastReason: String?
        while !Task.isCancelled {
            let (didFollow, reason) = await attempt()
            connection.withLock { $0.service = nil }
            guard !Task.isCancelled else { return }
            let step = reconnection.ended(didFollow: didFollow, at: .now)
            standing.withLock { $0 = reconnection.hasFollowed ? .lost(reason: reason) : .searching(reason: reason) }
            if reason != lastReason || didFollow {
                lastReason = reason
                logger.log(
                    level: didFollow || settings.address != nil ? .warning : .notice,
                    didFollow
                        ? "containerd is away; it is looked for again"
                        : "there is no containerd; it is looked for again",
                    metadata: ["reason": "\(reason)"])
            }
            if step.forgets {
                logger.warning("containerd stays away; what it held is not offered any more")
                change { $0.forget() }
            }
            try? await Task.sleep(for: step.delay)
        }
    }

    /// Tries the sockets in turn, and follows what listens there.
    /// - Returns: Whether something was followed; why it ended.
    private func attempt() async -> (didFollow: Bool, reason: String) {
        var reasons: [String] = []
        for socket in settings.address.map({ [$0] }) ?? ContainerdSocket.usual {
            let hasFollowed = Flag()
            do {
                try await connector.withRuntime(at: socket) { service in
                    let follower = RuntimeFollower(store: self, service: service, socket: socket) {
                        hasFollowed.raise()
                    }
                    try await follower.follow()
                }
                reasons.append("the connection to \(socket) has ended")
            } catch {
                reasons.append("\(error)")
            }
            if hasFollowed.isRaised { return (true, reasons.last ?? "") }
        }
        return (false, reasons.joined(separator: "; "))
    }
}

/// Something that happens once, and is asked for elsewhere.
private final class Flag: Sendable {
    private let state = Atomic(false)

    var isRaised: Bool { state.load(ordering: .relaxed) }

    func raise() { state.store(true, ordering: .relaxed) }
}
