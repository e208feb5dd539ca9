import Content
import Glibc
import NIOPosix

/// Makes sure that a region of a file is there and in memory before the event loop sends it.
///
/// `sendfile` of pages that are not cached would block the event loop, and of bytes that are not there spin it. So a
/// thread of a pool asks the kernel to read ahead and then waits for one byte of every stretch: tens of microseconds for a
/// region that is cached, and no copy.
struct RegionWarmer: Sendable {
    /// The kernel's default read-ahead.
    static let stride: Int64 = 128 << 10

    let pool: NIOThreadPool

    func warm(_ slice: FileSlice) async throws {
        try await pool.runIfActive {
            try Self.touch(slice)
        }
    }

    static func touch(_ slice: FileSlice) throws {
        let descriptor = slice.file.descriptor
        let end = slice.offset + slice.length
        posix_fadvise(descriptor, off_t(slice.offset), off_t(slice.length), POSIX_FADV_WILLNEED)
        var position = slice.offset
        while position < end {
            // The last byte is among those touched: a file that is too short is found out here.
            position = min(position + stride, end)
            var byte: UInt8 = 0
            var count: Int
            repeat {
                count = pread(descriptor, &byte, 1, off_t(position - 1))
            } while count < 0 && errno == EINTR
            guard count == 1 else {
                throw RegionUnreadable(offset: position - 1, errno: count < 0 ? errno : 0)
            }
        }
    }
}

/// Bytes of a file that a reader handed out and that are not there.
struct RegionUnreadable: Error, CustomStringConvertible {
    var offset: Int64
    /// 0 where the file just ends before.
    var errno: CInt

    var description: String {
        errno == 0
            ? "the file ends before byte \(offset), which was to be sent: it was truncated"
            : "byte \(offset) of the file cannot be read: \(String(cString: strerror(errno)))"
    }
}
