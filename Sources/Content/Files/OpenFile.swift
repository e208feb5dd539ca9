import Glibc
public import SystemPackage

/// Owns one file descriptor, which is closed in one place only: when the last reference goes.
public final class OpenFile: Sendable {
    /// Valid for as long as this object lives. Hand a `dup(2)` of it to whatever closes what it is given.
    public let descriptor: CInt

    /// Takes over an open descriptor.
    public init(adopting descriptor: CInt) {
        self.descriptor = descriptor
    }

    deinit {
        // EINTR included, the descriptor is gone on Linux whatever close(2) says.
        close(descriptor)
    }

    /// Opens a regular file for reading.
    ///
    /// - Throws: `.notFound` where there is nothing of this name; `.io` for symbolic links, which are not followed, and for
    ///   everything else that is no regular file.
    public static func open(path: FilePath) throws(ContentError) -> OpenFile {
        // Non-blocking, so that a FIFO of a blob's name cannot hang the agent. It means nothing to regular files.
        let file = try open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        let status = try file.status()
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ContentError(.io, "\(path) is not a regular file; remove it")
        }
        return file
    }

    /// Opens a file that is read for the books: where the system allows it, that is no use of the file.
    static func openUnused(path: FilePath) throws(ContentError) -> OpenFile {
        let file = try open(path: path)
        let flags = fcntl(file.descriptor, F_GETFL)
        // Refused where the file is somebody else's.
        if flags >= 0 { _ = fcntl(file.descriptor, F_SETFL, flags | LinuxConstants.noAccessTime) }
        return file
    }

    /// `open(2)`, never inherited by child processes.
    static func open(_ path: FilePath, _ flags: CInt, mode: mode_t = 0) throws(ContentError) -> OpenFile {
        let descriptor = uninterrupted { path.withPlatformString { Glibc.open($0, flags | O_CLOEXEC, mode) } }
        guard descriptor >= 0 else {
            throw .system(flags & O_CREAT == 0 ? "opening" : "creating", path, errno)
        }
        return OpenFile(adopting: descriptor)
    }

    /// The file's size now, in bytes.
    public func size() throws(ContentError) -> Int64 {
        Int64(try status().st_size)
    }

    /// Reads what there is at an offset, without a file position.
    /// - Returns: How many bytes were read; 0 at and past the file's end.
    public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(ContentError) -> Int {
        let count = uninterrupted { pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset)) }
        guard count >= 0 else { throw .system("reading", path, errno) }
        return count
    }

    /// Writes all bytes at an offset, without a file position.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(ContentError) {
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let count = uninterrupted {
                pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(written))
            }
            guard count >= 0 else { throw .system("writing", path, errno) }
            written += count
        }
    }

    /// Reads a small file from its first byte.
    /// - Throws: `.io` where it has fewer than `size` bytes.
    func readAll(size: Int64) throws(ContentError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(size))
        try bytes.withUnsafeMutableBufferPointer { (buffer) throws(ContentError) in
            let buffer = UnsafeMutableRawBufferPointer(buffer)
            var filled = 0
            while filled < buffer.count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                let count = try read(into: rest, at: Int64(filled))
                guard count > 0 else {
                    throw ContentError(.io, "\(path) ended after \(filled) bytes instead of \(size)")
                }
                filled += count
            }
        }
        return bytes
    }

    /// Makes the bytes outlive a power cut: `fdatasync(2)`. May take long.
    func syncData() throws(ContentError) {
        guard uninterrupted({ fdatasync(descriptor) }) == 0 else { throw .system("syncing", path, errno) }
    }

    /// Makes the names in a folder outlive a power cut: `fsync(2)`. May take long.
    func syncNames() throws(ContentError) {
        guard uninterrupted({ fsync(descriptor) }) == 0 else { throw .system("syncing", path, errno) }
    }

    /// Sets the file's time of use to now. Best effort: it carries nothing but the order of use over a restart. The time of
    /// its last change stays: it tells whether this is still the file that was hashed.
    func renewUse() {
        let times = [
            timespec(tv_sec: 0, tv_nsec: LinuxConstants.timeNow),
            timespec(tv_sec: 0, tv_nsec: LinuxConstants.timeOmitted),
        ]
        _ = futimens(descriptor, times)
    }

    func status() throws(ContentError) -> stat {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("looking at", path, errno) }
        return status
    }

    /// For messages: what the kernel calls the file now, which stays right when it is renamed.
    private var path: FilePath {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX) + 1) { buffer in
            let saved = errno
            defer { errno = saved }
            let length = readlink("/proc/self/fd/\(descriptor)", buffer.baseAddress!, Int(PATH_MAX))
            guard length > 0 else { return FilePath("descriptor \(descriptor)") }
            buffer[length] = 0
            return FilePath(platformString: buffer.baseAddress!)
        }
    }
}

/// Repeats a system call for as long as signals interrupt it.
func uninterrupted<Outcome: SignedInteger>(_ call: () -> Outcome) -> Outcome {
    while true {
        let outcome = call()
        guard outcome == -1, errno == EINTR else { return outcome }
    }
}
