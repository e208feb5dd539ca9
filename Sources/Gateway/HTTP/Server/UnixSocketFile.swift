import Glibc
import NIOCore
import Synchronization

/// The file of a unix socket: there with its mode from the first moment, never taken from somebody who listens on it, and
/// removed at the end if it is still ours.
///
/// The socket is bound under a name beside, gets its mode, and is then renamed into place.
final class UnixSocketFile: Sendable {
    let path: String
    private let mode: mode_t
    private let inode = Mutex<ino_t?>(nil)

    init(path: String, mode: UInt32) {
        self.path = path
        self.mode = mode_t(mode)
    }

    /// Where to bind.
    var temporaryPath: String { path + "~" }

    /// Makes sure that the path is free or stale.
    /// - Throws: where another process listens there, or the file is not a socket.
    func prepare() throws(ListenError) {
        unlink(temporaryPath)
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw error(.notAvailable, "\(path) exists and is no socket; remove it or configure another path")
        }
        guard !Self.isListening(path) else {
            throw error(.inUse, "another process listens on \(path); is an agent running already?")
        }
    }

    /// Puts the bound socket in its place.
    func publish() throws(ListenError) {
        var status = stat()
        guard chmod(temporaryPath, mode) == 0, stat(temporaryPath, &status) == 0, rename(temporaryPath, path) == 0
        else {
            let reason = String(cString: strerror(errno))
            unlink(temporaryPath)
            throw error(.notAvailable, "cannot put a socket at \(path): \(reason)")
        }
        inode.withLock { $0 = status.st_ino }
    }

    /// Removes the file, unless another process has put its own there.
    func remove() {
        let mine = inode.withLock { inode in
            defer { inode = nil }
            return inode
        }
        var status = stat()
        guard let mine, lstat(path, &status) == 0, status.st_ino == mine else { return }
        unlink(path)
    }

    private static func isListening(_ path: String) -> Bool {
        let descriptor = socket(
            AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < capacity else { return false }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        // EAGAIN: somebody listens, and has a full queue. Not allowed to ask is not free to take either.
        return result == 0 || errno != ECONNREFUSED
    }

    private func error(_ code: ListenError.Code, _ message: String) -> ListenError {
        ListenError(code, address: ListenAddress(.unix(path: path, mode: UInt32(mode))), message: message)
    }
}
