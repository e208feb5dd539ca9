import Content
import Glibc
import NIOCore
import NIOPosix
import SystemPackage

/// An open file or pipe that an archive is read from, on threads that may wait.
final class SourceFile: Sendable {
    private static let step: Int64 = 256 << 10
    /// A pipe on which nothing comes is left so often, to see whether anybody still wants it.
    private static let patience: CInt = 200

    /// For messages.
    let name: String
    /// As it was when it was opened.
    let status: stat
    private let file: OpenFile

    convenience init(_ path: FilePath) throws(AdminClientError) {
        // A FIFO without a writer is waited for.
        let descriptor = path.withPlatformString { open($0, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw Self.unreadable(path.string, errno) }
        try self.init(OpenFile(adopting: descriptor), name: path.string)
    }

    convenience init(duplicating descriptor: CInt, name: String) throws(AdminClientError) {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw Self.unreadable(name, errno) }
        try self.init(OpenFile(adopting: copy), name: name)
    }

    private init(_ file: OpenFile, name: String) throws(AdminClientError) {
        var status = stat()
        guard fstat(file.descriptor, &status) == 0 else { throw Self.unreadable(name, errno) }
        self.file = file
        self.name = name
        self.status = status
    }

    /// The next bytes; none at the end. Cancelling the task ends the wait.
    func chunk() async throws -> ByteBuffer {
        while true {
            try Task.checkCancellation()
            let chunk = try await NIOThreadPool.singleton.runIfActive { () throws -> ByteBuffer? in
                var poll = pollfd(fd: self.file.descriptor, events: Int16(POLLIN), revents: 0)
                // Where it cannot be polled the reading says why.
                guard Glibc.poll(&poll, 1, Self.patience) != 0 else { return nil }
                return try self.read(limit: Self.step) { Glibc.read(self.file.descriptor, $0.baseAddress, $0.count) }
            }
            if let chunk { return chunk }
        }
    }

    /// Bytes of a file from `offset` on, at most `limit`; none at its end.
    func chunk(at offset: Int64, limit: Int64) async throws -> ByteBuffer {
        try await NIOThreadPool.singleton.runIfActive {
            try self.read(limit: min(limit, Self.step)) {
                pread(self.file.descriptor, $0.baseAddress, $0.count, off_t(offset))
            } ?? ByteBuffer()
        }
    }

    /// - Returns: Nil where a signal came first.
    private func read(
        limit: Int64, _ call: (UnsafeMutableRawBufferPointer) -> Int
    ) throws(AdminClientError) -> ByteBuffer? {
        var chunk = ByteBuffer()
        var number: CInt = 0
        chunk.writeWithUnsafeMutableBytes(minimumWritableBytes: Int(limit)) { room in
            let count = call(UnsafeMutableRawBufferPointer(rebasing: room.prefix(Int(limit))))
            number = count < 0 ? errno : 0
            return max(0, count)
        }
        guard number != EINTR, number != EAGAIN else { return nil }
        guard number == 0 else { throw Self.unreadable(name, number) }
        return chunk
    }

    static func unreadable(_ name: String, _ number: CInt) -> AdminClientError {
        let mend =
            switch number {
            case ENOENT: "; name an archive, a folder in OCI's layout, or - for standard input"
            case EACCES: "; become a user who may read it"
            default: ""
            }
        return AdminClientError(.unreadable, "\(name) cannot be read (\(Errno(rawValue: number)))\(mend)")
    }
}
