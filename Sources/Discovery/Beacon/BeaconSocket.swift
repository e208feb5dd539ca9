import Glibc
import Synchronization

/// The UDP socket of the beacon, for sending. NIO reads from a duplicate of its descriptor.
///
/// Sending is a plain `sendto`: NIO closes a datagram channel when a firewall or a missing route refuses one datagram, and a node must
/// not go deaf because one of its networks is down.
final class BeaconSocket: Sendable {
    /// Nil once closed; the lock keeps a close from pulling the descriptor away under a send.
    private let descriptor: Mutex<CInt?>
    let port: Int

    /// Binds all IPv4 addresses, shared with others who do the same.
    init(port: Int) throws(DiscoveryError) {
        let socket = Glibc.socket(
            AF_INET, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard socket >= 0 else { throw Self.failure("cannot open a UDP socket", port) }
        var one: CInt = 1
        setsockopt(socket, SOL_SOCKET, SO_BROADCAST, &one, socklen_t(MemoryLayout<CInt>.size))
        // Any free port means one that is free: with this option the kernel would hand out one that another such socket has.
        if port != 0 { setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<CInt>.size)) }
        var everywhere = SocketAddressBytes(ip: IPAddress(family: .v4, bits: 0), port: port)
        guard everywhere.withPointer({ bind(socket, $0, $1) == 0 }),
            everywhere.withMutablePointer({ getsockname(socket, $0, &$1) == 0 })
        else {
            let error = Self.failure("cannot bind UDP port \(port)", port)
            Glibc.close(socket)
            throw error
        }
        self.port = everywhere.port
        descriptor = Mutex(socket)
    }

    deinit {
        close()
    }

    /// For reading; whoever gets it closes it.
    func duplicate() throws(DiscoveryError) -> CInt {
        let copy = descriptor.withLock { $0.map { fcntl($0, F_DUPFD_CLOEXEC, 0) } ?? -1 }
        guard copy >= 0 else { throw Self.failure("cannot duplicate the UDP socket", port) }
        return copy
    }

    /// Whether the kernel took it. It never waits: a beacon that does not fit into the send buffer is better lost.
    func send(_ bytes: [UInt8], to target: BeaconTarget) -> Bool {
        guard target.ip.family == .v4 else { return false }
        let address = SocketAddressBytes(ip: target.ip, port: target.port)
        return descriptor.withLock { descriptor in
            guard let descriptor else { return false }
            return address.withPointer { address, length in
                sendto(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL), address, length) == bytes.count
            }
        }
    }

    func close() {
        descriptor.withLock { descriptor in
            if let open = descriptor { Glibc.close(open) }
            descriptor = nil
        }
    }

    private static func failure(_ what: String, _ port: Int) -> DiscoveryError {
        let reason = String(cString: strerror(errno))
        return DiscoveryError(
            .bindFailed, "\(what) (\(reason)); end what uses it, or set discovery.port, the same on the whole LAN")
    }
}

/// A `sockaddr_in`, laid out by hand for the reason that `IPAddress.init(_:zone:)` tells.
private struct SocketAddressBytes {
    private var bytes: [UInt8]

    init(ip: IPAddress, port: Int) {
        let port = UInt16(truncatingIfNeeded: port)
        bytes = withUnsafeBytes(of: sa_family_t(AF_INET)) { Array($0) }
        bytes += [UInt8(port >> 8), UInt8(port & 0xff)]
        bytes += ip.bytes
        bytes += [UInt8](repeating: 0, count: 8)
    }

    var port: Int { Int(bytes[2]) << 8 | Int(bytes[3]) }

    func withPointer<Value>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
        bytes.withUnsafeBytes { raw in
            raw.withMemoryRebound(to: sockaddr.self) { body($0.baseAddress!, socklen_t(raw.count)) }
        }
    }

    mutating func withMutablePointer<Value>(
        _ body: (UnsafeMutablePointer<sockaddr>, inout socklen_t) -> Value
    ) -> Value {
        bytes.withUnsafeMutableBytes { raw in
            var length = socklen_t(raw.count)
            return raw.withMemoryRebound(to: sockaddr.self) { body($0.baseAddress!, &length) }
        }
    }
}
