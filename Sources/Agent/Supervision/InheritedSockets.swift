import Glibc
import NIOCore

/// The listening sockets that the service manager opened for this process (sd_listen_fds(3)): connections that come while no
/// agent runs wait there for the next one, so that a restart refuses none.
///
/// Each is used for the address of the configuration that is its own; what no address claims is closed.
public struct InheritedSockets: Sendable {
    /// More than an agent has addresses.
    static let limit = 64

    /// A listening TCP socket.
    struct Socket: Sendable, Equatable {
        let descriptor: CInt
        /// What the socket unit calls it, `shoal.socket` where it says nothing.
        let name: String
        let endpoint: ListenEndpoint
    }

    private(set) var sockets: [Socket] = []

    /// None: the agent binds its addresses itself.
    public init() {}

    /// Takes descriptors over. Those that are no listening TCP sockets are closed, and `warnings` says so.
    init(_ descriptors: Range<CInt>, names: [String], warnings: inout [String]) {
        for (index, descriptor) in descriptors.enumerated() {
            let name = index < names.count ? names[index] : "unknown"
            guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
                warnings.append(
                    "LISTEN_FDS promises \(descriptors.count) sockets, and descriptor \(descriptor) is not open; "
                        + "the agent listens by itself")
                continue
            }
            guard let endpoint = Self.endpoint(of: descriptor) else {
                warnings.append(
                    "the service manager passes \(name), descriptor \(descriptor), which is no listening TCP socket; "
                        + "it is closed: see ListenStream= of the socket unit")
                close(descriptor)
                continue
            }
            sockets.append(Socket(descriptor: descriptor, name: name, endpoint: endpoint))
        }
    }

    /// The socket for an address, if there is one: it is the caller's from now on.
    mutating func claim(_ endpoint: ListenEndpoint) -> CInt? {
        guard let index = sockets.firstIndex(where: { $0.endpoint == endpoint }) else { return nil }
        return sockets.remove(at: index).descriptor
    }

    /// Closes what nobody claimed.
    /// - Returns: a warning for each.
    mutating func closeRest() -> [String] {
        defer { sockets = [] }
        return sockets.map { socket in
            close(socket.descriptor)
            return
                "the service manager listens on \(socket.endpoint) (\(socket.name)) for the agent, and no address of the "
                + "configuration is that one: who connects there waits in vain; make ListenStream= of shoal.socket and "
                + "mirror.listen the same"
        }
    }

    private static func endpoint(of descriptor: CInt) -> ListenEndpoint? {
        guard option(SO_TYPE, of: descriptor) == CInt(SOCK_STREAM.rawValue), option(SO_ACCEPTCONN, of: descriptor) == 1
        else { return nil }
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard result == 0 else { return nil }
        let family = CInt(storage.ss_family)
        let address: SocketAddress? = withUnsafeBytes(of: storage) { bytes in
            switch family {
            case AF_INET: SocketAddress(bytes.load(as: sockaddr_in.self))
            case AF_INET6: SocketAddress(bytes.load(as: sockaddr_in6.self))
            default: nil
            }
        }
        guard let address, let host = address.ipAddress, let port = address.port else { return nil }
        return ListenEndpoint(text: host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)")
    }

    private static func option(_ name: CInt, of descriptor: CInt) -> CInt? {
        var value: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }
}
