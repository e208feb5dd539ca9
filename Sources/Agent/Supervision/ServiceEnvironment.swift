import Glibc

/// What a service manager that speaks systemd's protocols tells a process that it starts: where to report to (sd_notify(3)),
/// how often it wants a sign of life (sd_watchdog_enabled(3)), and which sockets it has opened (sd_listen_fds(3)).
public struct ServiceEnvironment: Sendable {
    private static let names = [
        "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES",
    ]
    /// Where inherited sockets begin: behind standard input, output and error.
    private static let firstDescriptor: CInt = 3
    /// Less than this apart nobody can prove to be alive on a busy machine.
    private static let shortestWatchdog: Duration = .milliseconds(100)

    /// Where to report to; nil: nobody asks.
    let notify: NotifySocket?
    /// The process is killed when it shows no sign of life for so long; nil: it is not.
    let watchdog: Duration?
    /// Sockets to listen on.
    let sockets: InheritedSockets
    /// What was told and means nothing; the agent does without it.
    public let warnings: [String]

    /// Nobody supervises.
    public static var none: ServiceEnvironment { ServiceEnvironment(variables: [:], pid: getpid()) }

    /// Takes the environment of this process, once: what it started in turn would take the sockets and reports for its own.
    /// To be called before anything else runs, because the C library's environment has no lock.
    public static func take(_ variables: [String: String]) -> ServiceEnvironment {
        for name in names { unsetenv(name) }
        return ServiceEnvironment(variables: variables, pid: getpid())
    }

    /// - Parameters:
    ///   - pid: of this process; what is meant for another one does not count.
    ///   - firstDescriptor: of the inherited sockets.
    init(variables: [String: String], pid: pid_t, firstDescriptor: CInt = firstDescriptor) {
        var warnings: [String] = []
        notify = variables["NOTIFY_SOCKET"].flatMap { text in
            let socket = NotifySocket(text)
            if socket == nil {
                warnings.append(
                    "NOTIFY_SOCKET=\(text) is neither an absolute path nor an abstract name (@…) of a unix socket; "
                        + "the service manager is told nothing")
            }
            return socket
        }
        watchdog = Self.watchdog(variables, pid: pid, warnings: &warnings)
        sockets = Self.sockets(variables, pid: pid, firstDescriptor: firstDescriptor, warnings: &warnings)
        self.warnings = warnings
    }

    private static func watchdog(
        _ variables: [String: String], pid: pid_t, warnings: inout [String]
    ) -> Duration? {
        guard let text = variables["WATCHDOG_USEC"], isMeant(pid, variables["WATCHDOG_PID"], isRequired: false) else {
            return nil
        }
        guard let microseconds = Int64(text), .microseconds(microseconds) >= shortestWatchdog else {
            warnings.append(
                "WATCHDOG_USEC=\(text) is no number of microseconds from \(shortestWatchdog / .microseconds(1)) on; the watchdog "
                    + "gets no sign of life: see WatchdogSec= of the unit")
            return nil
        }
        return .microseconds(microseconds)
    }

    private static func sockets(
        _ variables: [String: String], pid: pid_t, firstDescriptor: CInt, warnings: inout [String]
    ) -> InheritedSockets {
        guard let text = variables["LISTEN_FDS"], isMeant(pid, variables["LISTEN_PID"], isRequired: true) else {
            return InheritedSockets()
        }
        guard let count = CInt(text), (0...CInt(InheritedSockets.limit)).contains(count) else {
            warnings.append(
                "LISTEN_FDS=\(text) is no number from 0 to \(InheritedSockets.limit); the agent listens by itself")
            return InheritedSockets()
        }
        let names = variables["LISTEN_FDNAMES"].map {
            $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        }
        return InheritedSockets(
            firstDescriptor..<firstDescriptor + count, names: names ?? [], warnings: &warnings)
    }

    /// Whether a variable's companion names this process; one that was left over from another process means nothing.
    private static func isMeant(_ pid: pid_t, _ text: String?, isRequired: Bool) -> Bool {
        text.map { pid_t($0) == pid } ?? !isRequired
    }
}
