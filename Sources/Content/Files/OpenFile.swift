public import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// An open file descriptor. It is closed in one place: when the last reference goes.
public final class OpenFile: Sendable {
    /// Valid for as long as this object lives; `dup(2)` it for anything that closes what it gets.
    public let descriptor: CInt

    public init(adopting descriptor: CInt) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Opens a regular file for reading; links are not followed.
    public static func open(path: FilePath) throws(ContentError) -> OpenFile {
        let descriptor = path.withPlatformString { Glibc.open($0, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) }
        guard descriptor >= 0 else { throw .system("opening", path.string, errno) }
        return OpenFile(adopting: descriptor)
    }

    /// The file's size now.
    public func size() throws(ContentError) -> Int64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("looking at", "descriptor \(descriptor)", errno) }
        return Int64(status.st_size)
    }

    /// Reads at an offset without moving a file position.
    /// - Returns: how many bytes; 0 at the file's end.
    public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(ContentError) -> Int {
        while true {
            let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            if count >= 0 { return count }
            guard errno == EINTR else { throw .system("reading", "descriptor \(descriptor)", errno) }
        }
    }

    /// All bytes of a file that is known to be small.
    /// - Throws: ``ContentError`` with `.sizeMismatch` where the file does not have `size` bytes.
    func readAll(size: Int64) throws(ContentError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(size))
        var filled = 0
        while filled < bytes.count {
            let offset = filled
            let count: Int
            do {
                count = try bytes.withUnsafeMutableBytes {
                    try read(into: UnsafeMutableRawBufferPointer(rebasing: $0[offset...]), at: Int64(offset))
                }
            } catch let error as ContentError {
                throw error
            } catch {
                throw ContentError(.io, "\(error)")
            }
            guard count > 0 else {
                throw ContentError(.sizeMismatch, "a file of \(size) bytes ended after \(filled)")
            }
            filled += count
        }
        return bytes
    }
}

/// A part of an open file.
public struct FileSlice: Sendable {
    public var file: OpenFile
    public var offset: Int64
    public var length: Int64

    public init(file: OpenFile, offset: Int64, length: Int64) {
        self.file = file
        self.offset = offset
        self.length = length
    }
}
