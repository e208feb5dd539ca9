import Glibc
import SystemPackage

@testable import Agent

/// What a service manager has: a datagram socket that hears reports.
final class ReportSocket: Sendable {
    let descriptor: CInt

    /// - Parameter name: with its leading null for an abstract one, with the null behind it for a path.
    init(_ name: [UInt8]) throws {
        descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + name.count)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard result == 0 else { throw Errno(rawValue: errno) }
    }

    deinit { close(descriptor) }

    /// The next report; nil where none is there.
    func next() -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, CInt(MSG_DONTWAIT))
        return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    /// The next report that there is or comes; the test's time limit ends a wait in vain.
    func wait() async throws -> String {
        while true {
            if let report = next() { return report }
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}

/// A listening TCP socket on a free port of loopback, with the descriptor of a caller's choice.
struct ListeningTestSocket {
    let descriptor: CInt
    let port: Int

    init(listens: Bool = true) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                let bound = bind(descriptor, $0, length)
                return bound == 0 ? getsockname(descriptor, $0, &length) : bound
            }
        }
        guard result == 0, !listens || listen(descriptor, 8) == 0 else { throw Errno(rawValue: errno) }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    /// Puts it where a service manager would: two in a row need two numbers in a row.
    static func row(_ sockets: [ListeningTestSocket], at first: CInt) {
        for (index, socket) in sockets.enumerated() {
            dup2(socket.descriptor, first + CInt(index))
            close(socket.descriptor)
        }
    }
}
