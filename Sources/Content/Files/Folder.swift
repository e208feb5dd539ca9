import Glibc
import SystemPackage

/// A folder that belongs to the agent, and what it does there. Everything here blocks.
struct Folder {
    /// What stands in a folder; links are not followed.
    struct Entry {
        enum Kind { case file, folder, other }
        var name: FilePath.Component
        var kind: Kind
        var identity: FileIdentity
        /// When it was used last, in nanoseconds since 1970.
        var used: Int64
    }

    let path: FilePath

    /// A folder that is known to be there.
    init(_ path: FilePath) {
        self.path = path
    }

    /// Opens a folder, making it and those above it where they are missing.
    ///
    /// - Throws: `.unusable` where it can neither be made nor written to, naming the path that is in the way.
    init(making path: FilePath) throws(ContentError) {
        self.path = path
        // What is stored may belong to private images: nobody's business but the agent's.
        try Self.make(path, mode: 0o700)
        guard path.withPlatformString({ access($0, R_OK | W_OK | X_OK) }) == 0 else {
            throw Self.unusable(path, errno)
        }
    }

    private static func make(_ path: FilePath, mode: mode_t) throws(ContentError) {
        if path.withPlatformString({ mkdir($0, mode) }) == 0 { return }
        let number = errno
        let parent = path.removingLastComponent()
        if number == ENOENT, !parent.isEmpty, parent != path {
            try make(parent, mode: 0o755)
            guard path.withPlatformString({ mkdir($0, mode) }) == 0 || errno == EEXIST else {
                throw unusable(path, errno)
            }
            return
        }
        var status = stat()
        let exists = path.withPlatformString { stat($0, &status) } == 0
        guard exists else { throw unusable(path, number) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw unusable(path, ENOTDIR) }
    }

    private static func unusable(_ path: FilePath, _ number: CInt) -> ContentError {
        let cause = Errno(rawValue: number)
        let mend =
            switch number {
            case ENOTDIR, EEXIST: "move that file away, or choose another folder"
            case ENOSPC, EDQUOT: "free space on that disk"
            case EROFS: "mount it writable, or choose another folder"
            default: "make it and give it to the agent's user, or choose another folder"
            }
        return ContentError(
            .unusable, "the folder \(path) cannot be used: \(cause); \(mend) (data_dir, store.spool)", cause: cause)
    }

    /// What stands in the folder, in no order.
    func entries() throws(ContentError) -> [Entry] {
        guard let stream = path.withPlatformString({ opendir($0) }) else { throw .system("listing", path, errno) }
        defer { closedir(stream) }
        var entries: [Entry] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                // The end looks like an error but for errno.
                guard errno == 0 else { throw .system("listing", path, errno) }
                return entries
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: name.pointee)) {
                    FilePath.Component(platformString: $0)
                }
            }
            guard let name, name.kind == .regular else { continue }  // "." and ".."
            var status = stat()
            guard path.appending(name).withPlatformString({ lstat($0, &status) }) == 0 else { continue }  // gone since
            let kind: Entry.Kind =
                switch status.st_mode & S_IFMT {
                case S_IFREG: .file
                case S_IFDIR: .folder
                default: .other
                }
            entries.append(
                Entry(
                    name: name, kind: kind, identity: FileIdentity(status),
                    used: Int64(status.st_atim.tv_sec) * 1_000_000_000 + Int64(status.st_atim.tv_nsec)))
        }
    }

    /// Removes a file's name. One that is not there is as good.
    static func remove(_ path: FilePath) throws(ContentError) {
        guard path.withPlatformString({ unlink($0) }) == 0 || errno == ENOENT else {
            throw .system("removing", path, errno)
        }
    }

    /// Moves a file, replacing what has the name.
    /// - Returns: Whether it was moved; false where the two are on different filesystems.
    static func move(_ source: FilePath, to target: FilePath) throws(ContentError) -> Bool {
        let result = source.withPlatformString { source in target.withPlatformString { rename(source, $0) } }
        if result == 0 { return true }
        guard errno == EXDEV else { throw .system("moving \(source) to", target, errno) }
        return false
    }

    /// What may still be written on its filesystem, in bytes; 0 where the system does not tell.
    var freeBytes: Int64 {
        var status = statvfs()
        guard path.withPlatformString({ statvfs($0, &status) }) == 0 else { return 0 }
        return Int64(
            clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
    }

    /// Makes the names in the folder outlive a power cut. May take long.
    func sync() throws(ContentError) {
        try OpenFile.open(path, O_RDONLY | O_DIRECTORY).syncNames()
    }
}
