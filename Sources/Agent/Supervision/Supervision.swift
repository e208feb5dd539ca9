import Glibc
import Logging
import ServiceLifecycle

/// Tells the service manager how the agent is, for as long as it runs: that it is ready, that it lives, that it stops. Without
/// one that asks it says nothing.
struct Supervision: Service, CustomStringConvertible {
    /// How often the status line is renewed where no watchdog wants more.
    private static let interval: Duration = .seconds(30)

    let notify: NotifySocket?
    /// The manager kills a process that gave no sign of life for so long.
    let watchdog: Duration?
    let liveness: Liveness
    /// One line for `systemctl status`.
    let status: @Sendable () async -> String
    let logger: Logger

    var description: String { "Supervision" }

    func run() async throws {
        await ready()
        await cancelWhenGracefulShutdown { await showLife() }
        await tell(.stopping(status: "Lets transfers end"))
    }

    /// Pulls are served, from now on or again.
    func ready() async { await tell(.ready(status: await status())) }

    /// The configuration is being read again; ``ready()`` follows.
    func reloading() async {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        await tell(.reloading(microseconds: UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000))
    }

    private func showLife() async {
        // Half of it, so that one late sign is not the end.
        let pause = watchdog.map { $0 / 2 } ?? Self.interval
        while true {
            if watchdog != nil {
                await liveness.prove(within: pause) { [logger] silent in
                    logger.error(
                        "parts of the agent do not answer; the service manager's watchdog will restart it",
                        metadata: ["parts": "\(silent.joined(separator: ", "))", "for": "\(pause)"])
                }
            }
            await tell(.alive(status: await status(), isProven: watchdog != nil))
            guard (try? await Task.sleep(for: pause)) != nil else { return }
        }
    }

    private func tell(_ message: NotifyMessage) async {
        guard let notify else { return }
        do {
            try await notify.send(message)
        } catch is CancellationError {
            // The goodbye follows.
        } catch {
            logger.warning(
                "the service manager cannot be told how the agent is", metadata: ["reason": "\(error)"])
        }
    }
}
