import Glibc
public import SystemPackage

/// Which file it was that was hashed. One that was written anew, replaced or cut is another one.
public struct FileIdentity: Hashable, Sendable {
    /// The filesystem.
    public var device: UInt64
    /// The file on it.
    public var inode: UInt64
    /// In bytes.
    public var size: Int64
    /// When it was written last: nanoseconds since 1970, by the clock of that moment.
    public var modified: Int64

    /// Makes an identity of its parts.
    public init(device: UInt64, inode: UInt64, size: Int64, modified: Int64) {
        self.device = device
        self.inode = inode
        self.size = size
        self.modified = modified
    }

    /// Of an open file.
    /// - Throws: `.io` where the system does not tell.
    public init(of file: OpenFile) throws(ContentError) {
        self.init(try file.status())
    }

    /// Of what stands at a path; nil where that is no regular file. Links are not followed.
    public init?(at path: FilePath) {
        var status = stat()
        guard path.withPlatformString({ lstat($0, &status) }) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return nil
        }
        self.init(status)
    }

    /// Where there is no file to look at: a blob that a runtime took in at that time (seconds since 1970).
    public static func committed(size: Int64, at created: Int64) -> FileIdentity {
        let (modified, overflow) = created.multipliedReportingOverflow(by: 1_000_000_000)
        return FileIdentity(device: 0, inode: 0, size: size, modified: overflow ? .max : modified)
    }

    /// Whether it is not the same file at another time: one that was cut or written to still is.
    func isAnotherFile(than other: FileIdentity) -> Bool {
        inode != 0 && other.inode != 0 && (device, inode) != (other.device, other.inode)
    }

    init(_ status: stat) {
        self.init(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
            modified: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec))
    }
}
