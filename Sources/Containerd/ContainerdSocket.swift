import Glibc
public import SystemPackage

/// Where containerds listen.
public enum ContainerdSocket {
    /// Looked at in this order where nothing is configured: containerd's own, and that of k3s and RKE2.
    public static let usual: [FilePath] = ["/run/containerd/containerd.sock", "/run/k3s/containerd/containerd.sock"]

    /// Finds out by connecting whether anybody listens at a socket: a gRPC channel would go on trying for long, and not say why.
    /// Local, and over in a moment.
    /// - Throws: `.unreachable` or `.permission`, with the mend.
    public static func probe(_ path: FilePath) throws(ContainerdError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let text = Array(path.string.utf8)
        guard text.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw ContainerdError(
                .unreachable,
                "\(path) is too long for the path of a socket; set runtime.containerd.address to a shorter link to it")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: text) }
        let descriptor = socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else {
            throw ContainerdError(.unreachable, "no socket can be made: \(Errno(rawValue: errno))")
        }
        defer { close(descriptor) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result != 0 else { return }
        let number = Errno(rawValue: errno)
        // Too many wait to be taken in: somebody listens.
        guard number != .wouldBlock else { return }
        throw error(number, at: path)
    }

    /// What it means that a socket cannot be connected to.
    static func error(_ number: Errno, at path: FilePath) -> ContainerdError {
        switch number {
        case .noSuchFileOrDirectory, .notDirectory:
            ContainerdError(.unreachable, "there is no socket \(path); is containerd running?")
        case .connectionRefused:
            ContainerdError(.unreachable, "nobody listens at \(path); is containerd running?")
        case .permissionDenied, .notPermitted:
            ContainerdError(
                .permission, "\(path) may not be opened by this agent's user; add it to the socket's group")
        default: ContainerdError(.unreachable, "\(path) cannot be connected to: \(number)")
        }
    }
}
