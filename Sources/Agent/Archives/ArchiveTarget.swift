import Content
import Glibc
public import NIOCore
import NIOPosix
public import SystemPackage

/// Where a saved archive goes: a file that gets its name when it is whole, or something that bytes are written to, such as a pipe.
public final class ArchiveTarget: Sendable {
    /// The name that it is to have; nil where it is written to as it is.
    private let path: FilePath?
    private let partial: FilePath
    private let file: OpenFile
    private let name: String

    /// A file; one of that name is replaced at the end, and only then. Meanwhile it is `NAME.partial`.
    /// - Throws: `.unwritable`, with what to do.
    public init(path: FilePath) throws(AdminClientError) {
        var status = stat()
        let isThere = path.withPlatformString { stat($0, &status) } == 0
        guard !isThere || status.st_mode & S_IFMT != S_IFDIR else {
            throw AdminClientError(
                .unwritable, "\(path) is a folder; name a file in it: -o \(path.appending("app.tar"))")
        }
        name = path.string
        partial = FilePath(path.string + ".partial")
        guard !isThere || status.st_mode & S_IFMT == S_IFREG else {
            // A device or a FIFO must not be replaced by a file.
            self.path = nil
            file = try Self.open(path, O_WRONLY)
            return
        }
        self.path = path
        // What an earlier one has left; never what somebody has put there to be followed.
        _ = partial.withPlatformString { unlink($0) }
        file = try Self.open(partial, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
    }

    /// Something that is open, and stays so.
    /// - Throws: `.unwritable` where it is not.
    public init(writing descriptor: CInt, name: String) throws(AdminClientError) {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw Self.unwritable(name, errno) }
        self.name = name
        path = nil
        partial = FilePath("")
        file = OpenFile(adopting: copy)
    }

    /// Writes the next bytes. Blocks no thread of the cooperative pool.
    public func write(_ bytes: ByteBuffer) async throws {
        try await NIOThreadPool.singleton.runIfActive {
            try bytes.withUnsafeReadableBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = Glibc.write(
                        self.file.descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                    guard count >= 0 || errno == EINTR else { throw Self.unwritable(self.name, errno) }
                    rest = rest.dropFirst(max(0, count))
                }
            }
        }
    }

    /// All has been written: the file gets its name.
    public func finish() async throws(AdminClientError) {
        guard let path else { return }
        let number = try? await NIOThreadPool.singleton.runIfActive { () -> CInt in
            guard fsync(self.file.descriptor) == 0 else { return errno }
            let isDone = self.partial.withPlatformString { old in path.withPlatformString { rename(old, $0) } } == 0
            return isDone ? 0 : errno
        }
        guard number == 0 else { throw Self.unwritable(name, number ?? EIO) }
    }

    /// The rest will not come: nothing of it stays.
    public func abandon() {
        if path != nil { _ = partial.withPlatformString { unlink($0) } }
    }

    private static func open(_ path: FilePath, _ flags: CInt) throws(AdminClientError) -> OpenFile {
        let descriptor = path.withPlatformString { Glibc.open($0, flags | O_CLOEXEC, 0o666) }
        guard descriptor >= 0 else { throw unwritable(path.string, errno) }
        return OpenFile(adopting: descriptor)
    }

    private static func unwritable(_ name: String, _ number: CInt) -> AdminClientError {
        let mend =
            switch number {
            case ENOENT: "; make its folder first"
            case ENOSPC, EDQUOT: "; make room there, or name a file on another disk"
            case EACCES, EROFS: "; name a file in a folder that you may write to"
            default: ""
            }
        return AdminClientError(.unwritable, "\(name) cannot be written (\(Errno(rawValue: number)))\(mend)")
    }
}
