import Glibc
public import SystemPackage

/// Reads and writes of small files, with a bound and without half-written states.
public enum SmallFile {
    /// The whole file, or nil where it is larger than `limit` bytes.
    public static func read(_ path: FilePath, limit: Int) throws -> [UInt8]? {
        let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        return try file.closeAfter { try read(file, limit: limit) }
    }

    /// What is left of an open file, or nil where that is more than `limit` bytes.
    static func read(_ file: FileDescriptor, limit: Int) throws -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var filled = 0
        while filled < bytes.count {
            let count = try bytes.withUnsafeMutableBytes { buffer in
                try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
            }
            if count == 0 { break }
            filled += count
        }
        return filled > limit ? nil : Array(bytes.prefix(filled))
    }

    /// Writes beside `path`, to disk, and renames: after a crash there is the old file or the new one, never a part.
    public static func replace(_ path: FilePath, with bytes: [UInt8]) throws {
        let temporary = FilePath("\(path).new")
        let file = try FileDescriptor.open(
            temporary, .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: [.ownerReadWrite])
        try file.closeAfter {
            try file.writeAll(bytes)
            guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
        }
        guard rename(temporary.string, path.string) == 0 else { throw Errno(rawValue: errno) }
        // The rename itself is on disk only when the folder is.
        let folder = try FileDescriptor.open(
            path.removingLastComponent(), .readOnly, options: [.directory, .closeOnExec])
        try folder.closeAfter {
            guard fsync(folder.rawValue) == 0 else { throw Errno(rawValue: errno) }
        }
    }
}
