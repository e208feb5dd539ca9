/// What is told to the service manager: the fields of sd_notify(3) that the agent uses.
enum NotifyMessage: Sendable, Equatable {
    /// Pulls are served, from now on or again after a reload.
    case ready(status: String)
    /// The agent lives. `isProven`: the watchdog is to know, too.
    case alive(status: String, isProven: Bool)
    /// The configuration is read again, since that moment of CLOCK_MONOTONIC.
    case reloading(microseconds: UInt64)
    /// No more is accepted; what runs may end.
    case stopping(status: String)

    /// How long a status line may be; a datagram is small.
    static let statusLimit = 512

    /// The lines of the datagram.
    var text: String {
        switch self {
        case .ready(let status): "READY=1\n\(Self.line(status))"
        case .alive(let status, let isProven): (isProven ? "WATCHDOG=1\n" : "") + Self.line(status)
        case .reloading(let microseconds):
            "RELOADING=1\nMONOTONIC_USEC=\(microseconds)\n" + Self.line("Reading the configuration again")
        case .stopping(let status): "STOPPING=1\n\(Self.line(status))"
        }
    }

    /// A line feed would begin another field.
    private static func line(_ status: String) -> String {
        let text = status.escapingControls
        return "STATUS=\(String(decoding: text.utf8.prefix(statusLimit), as: UTF8.self))\n"
    }
}
