import Glibc
import SystemPackage

/// What a daemon that was killed leaves behind: a socket in the file system that nobody has open.
final class AbandonedSocket {
    let path = FilePath("/tmp/shoal-abandoned-\(getpid())-\(UInt32.random(in: 0...(.max)))")

    init() throws {
        let descriptor = FileDescriptor(rawValue: socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.string.utf8)) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor.rawValue, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        let failure = Errno(rawValue: errno)
        try descriptor.close()
        guard result == 0 else { throw failure }
    }

    deinit {
        unlink(path.string)
    }
}
