import Content
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Reads a blob's bytes into memory for a connection that files cannot be sent on, a chunk at a time, on a thread of a pool.
///
/// Two buffers take turns. TLS lets go of one as soon as it has encrypted it, so the other is free when its turn comes; if it is
/// not, it gets new memory, and nothing is overwritten.
final class ChunkReader: Sendable {
    /// Enough to keep encryption busy, and little enough to have for each connection.
    static let size: Int64 = 256 << 10
    /// One that is being encrypted, and one that is being filled.
    static let buffers = 2

    private let pool: NIOThreadPool
    private let used = Mutex<[ByteBuffer]>([])

    init(pool: NIOThreadPool) {
        self.pool = pool
    }

    /// Reads a slice of at most ``size`` bytes.
    /// - Throws: ``RegionUnreadable`` where the file ends before the slice does, or cannot be read.
    func read(_ slice: FileSlice) async throws -> ByteBuffer {
        try await pool.runIfActive { try self.fill(slice) }
    }

    func fill(_ slice: FileSlice) throws -> ByteBuffer {
        // Taken out, so that nobody but the connection may hold on to it.
        var buffer = used.withLock { $0.count < Self.buffers ? ByteBuffer() : $0.removeFirst() }
        let length = Int(min(slice.length, Self.size))
        buffer.clear(minimumCapacity: length)
        try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { memory in
            var filled = 0
            while filled < length {
                let count = pread(
                    slice.file.descriptor, memory.baseAddress?.advanced(by: filled), length - filled,
                    off_t(slice.offset) + off_t(filled))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    throw RegionUnreadable(offset: slice.offset + Int64(filled), errno: count < 0 ? errno : 0)
                }
                filled += count
            }
            return filled
        }
        let filled = buffer
        used.withLock { $0.append(filled) }
        return buffer
    }
}
