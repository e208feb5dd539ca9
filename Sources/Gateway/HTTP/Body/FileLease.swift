import Content
import Glibc
import NIOCore

/// An open file of one response, with a descriptor of its own: event loops must not share a `NIOFileHandle`.
///
/// Whoever still needs the file holds the lease; the descriptor is closed with the last of them, here and nowhere else.
final class FileLease: Sendable {
    let handle: NIOFileHandle

    /// - Throws: where the process has no descriptor left.
    init(_ file: OpenFile) throws {
        let descriptor = fcntl(file.descriptor, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "dup") }
        handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: descriptor)
    }

    deinit {
        try? handle.close()
    }

    /// The file's size now; nil where it cannot be told.
    var size: Int? {
        try? handle.withUnsafeFileDescriptor { descriptor in
            var status = stat()
            return fstat(descriptor, &status) == 0 ? Int(status.st_size) : nil
        }
    }
}
