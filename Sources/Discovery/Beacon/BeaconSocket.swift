import Glibc
import Synchronization

/// A UDP socket of the beacon, for sending: one for each family of addresses, on the same port. NIO reads from a duplicate of its
/// descriptor.
///
/// Sending is a plain `sendto`: NIO closes a datagram channel when a firewall or a missing route refuses one datagram, and a node must
/// not go deaf because one of its networks is down.
final class BeaconSocket: Sendable {
    /// Link-local scope, transient (RFC 4291), with a group id from the range that nobody assigns (RFC 3307): 2^31 and the port's number.
    static let group = IPAddress(family: .v6, bits: 0xff12 << 112 | 0x8000_0000 | 5051)

    /// Nil once closed; the lock keeps a close from pulling the descriptor away under a send.
    private let descriptor: Mutex<CInt?>
    private let joined = Mutex<Set<String>>([])
    let family: IPAddress.Family
    let port: Int

    /// Binds all addresses of the family, shared with others who do the same.
    init(port: Int, family: IPAddress.Family = .v4) throws(DiscoveryError) {
        let domain = family == .v4 ? AF_INET : AF_INET6
        let socket = Glibc.socket(
            domain, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard socket >= 0 else { throw Self.failure("cannot open a UDP socket", port) }
        switch family {
        case .v4: Self.set(socket, SOL_SOCKET, SO_BROADCAST, 1)
        // IPv4 has a socket of its own on this port.
        case .v6: Self.set(socket, Self.ipv6Level, IPV6_V6ONLY, 1)
        }
        // Any free port means one that is free: with this option the kernel would hand out one that another such socket has.
        if port != 0 { Self.set(socket, SOL_SOCKET, SO_REUSEADDR, 1) }
        var everywhere = SocketAddressBytes(ip: IPAddress(family: family, bits: 0), port: port)
        guard everywhere.withPointer({ bind(socket, $0, $1) == 0 }),
            everywhere.withMutablePointer({ getsockname(socket, $0, &$1) == 0 })
        else {
            let error = Self.failure("cannot bind UDP port \(port)", port)
            Glibc.close(socket)
            throw error
        }
        self.family = family
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
        guard target.ip.family == family else { return false }
        let address = SocketAddressBytes(ip: target.ip, port: target.port)
        return descriptor.withLock { descriptor in
            guard let descriptor else { return false }
            return address.withPointer { address, length in
                sendto(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL), address, length) == bytes.count
            }
        }
    }

    /// Makes these the interfaces on which the group is heard. An interface that has gone takes its membership with it, and one that
    /// comes again under its old name is joined anew.
    func join(on interfaces: Set<String>) {
        guard family == .v6 else { return }
        joined.withLock { joined in
            let isJoined = interfaces.filter { name in
                let index = if_nametoindex(name)
                guard index > 0 else { return false }
                // Joining twice is an error that means nothing.
                return membership(index) == 0 || errno == EADDRINUSE
            }
            for name in joined.subtracting(interfaces) { leave(if_nametoindex(name)) }
            joined = isJoined
        }
    }

    func close() {
        descriptor.withLock { descriptor in
            if let open = descriptor { Glibc.close(open) }
            descriptor = nil
        }
    }

    private func membership(_ index: UInt32) -> CInt {
        change(Self.joinGroup, index)
    }

    private func leave(_ index: UInt32) {
        if index > 0 { _ = change(Self.leaveGroup, index) }
    }

    // Linux's ABI, by number, for the reason that `IPAddress.init(_:)` tells: `struct ipv6_mreq` and its options.
    private static let ipv6Level: CInt = 41
    private static let joinGroup: CInt = 20
    private static let leaveGroup: CInt = 21

    private func change(_ option: CInt, _ index: UInt32) -> CInt {
        let request = Self.group.bytes + withUnsafeBytes(of: index) { Array($0) }
        return descriptor.withLock { descriptor in
            guard let descriptor else { return -1 }
            return setsockopt(descriptor, Self.ipv6Level, option, request, socklen_t(request.count))
        }
    }

    private static func set(_ socket: CInt, _ level: CInt, _ option: CInt, _ value: CInt) {
        var value = value
        setsockopt(socket, level, option, &value, socklen_t(MemoryLayout<CInt>.size))
    }

    private static func failure(_ what: String, _ port: Int) -> DiscoveryError {
        let reason = String(cString: strerror(errno))
        return DiscoveryError(
            .bindFailed, "\(what) (\(reason)); end what uses it, or set discovery.port, the same on the whole LAN")
    }
}
