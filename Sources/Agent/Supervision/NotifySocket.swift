import Glibc
import SystemPackage

/// The datagram socket on which the service manager hears how the agent is: `$NOTIFY_SOCKET` of sd_notify(3), a path or, with
/// an `@` in front, a name in the abstract namespace of unix(7).
struct NotifySocket: Sendable, Equatable {
    /// How long a message waits for a place in the manager's queue, and how often it asks for one.
    private static let patience: Duration = .seconds(5)
    private static let pause: Duration = .milliseconds(50)
    /// How many bytes an address has room for; one is the null in front of an abstract name, or behind a path.
    static let nameLimit = 107

    /// As `sun_path` has it.
    private let name: [UInt8]

    /// Reads the variable; nil where it names no unix socket.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        switch bytes.first {
        case UInt8(ascii: "/"): name = bytes + [0]
        case UInt8(ascii: "@"): name = [0] + bytes.dropFirst()
        default: return nil
        }
        guard bytes.count > 1, bytes.count <= Self.nameLimit, !bytes.contains(0) else { return nil }
    }

    /// Sends a message as one datagram.
    /// - Throws: where nobody listens, or the queue stays full for five seconds.
    func send(_ message: NotifyMessage) async throws {
        let deadline = ContinuousClock.now + Self.patience
        while true {
            do {
                return try sendNow(Array(message.text.utf8))
            } catch Errno.wouldBlock where ContinuousClock.now < deadline {
                try await Task.sleep(for: Self.pause)
            }
        }
    }

    private func sendNow(_ bytes: [UInt8]) throws(Errno) {
        let descriptor = socket(
            AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        // An abstract name has no end but the address's.
        let length = socklen_t(MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + name.count)
        let sent = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL), $0, length)
            }
        }
        guard sent == bytes.count else { throw Errno(rawValue: errno) }
    }
}
