import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// The few things that a store does with folders and small files. All of them block.
enum Folder {
    /// Makes a folder and those above it.
    static func make(_ path: FilePath) throws(ContentError) {
        if path.withPlatformString({ mkdir($0, 0o755) }) == 0 || errno == EEXIST {
            guard isFolder(path) else {
                throw ContentError(.unusable, "\(path) is not a folder; move it away, or set another data_dir")
            }
            return
        }
        guard errno == ENOENT, let parent = Optional(path.removingLastComponent()), parent != path, !parent.isEmpty
        else {
            throw .system("making the folder", path.string, errno)
        }
        try make(parent)
        guard path.withPlatformString({ mkdir($0, 0o755) }) == 0 || errno == EEXIST else {
            throw .system("making the folder", path.string, errno)
        }
    }

    static func isFolder(_ path: FilePath) -> Bool {
        var status = stat()
        return path.withPlatformString { stat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// An entry that is a regular file; links and everything else are passed over.
    struct Entry {
        var name: String
        var size: Int64
        var modified: Int64
    }

    static func files(in path: FilePath) throws(ContentError) -> [Entry] {
        guard let stream = path.withPlatformString({ opendir($0) }) else {
            throw .system("listing", path.string, errno)
        }
        defer { closedir(stream) }
        var entries: [Entry] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            var status = stat()
            let found = path.appending(name).withPlatformString { lstat($0, &status) }
            guard found == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            let modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
            entries.append(Entry(name: name, size: Int64(status.st_size), modified: modified))
        }
        return entries
    }

    static func remove(_ path: FilePath) throws(ContentError) {
        guard path.withPlatformString({ unlink($0) }) == 0 || errno == ENOENT else {
            throw .system("removing", path.string, errno)
        }
    }

    static func rename(_ from: FilePath, to: FilePath) throws(ContentError) {
        let result = from.withPlatformString { from in to.withPlatformString { Glibc.rename(from, $0) } }
        guard result == 0 else { throw .system("moving \(from) to", to.string, errno) }
    }

    /// Writes a small file so that after a crash there is the old one or the new one, whole.
    static func write(_ bytes: [UInt8], to path: FilePath, temporary: FilePath) throws(ContentError) {
        let descriptor = temporary.withPlatformString {
            open($0, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        }
        guard descriptor >= 0 else { throw .system("creating", temporary.string, errno) }
        let file = OpenFile(adopting: descriptor)
        do throws(ContentError) {
            try file.writeAll(bytes, path: temporary)
            guard fdatasync(descriptor) == 0 else { throw .system("syncing", temporary.string, errno) }
            try rename(temporary, to: path)
        } catch {
            _ = temporary.withPlatformString { unlink($0) }
            throw error
        }
        try sync(path.removingLastComponent())
    }

    /// Makes renames in a folder outlive a power cut.
    static func sync(_ folder: FilePath) throws(ContentError) {
        let descriptor = folder.withPlatformString { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw .system("opening", folder.string, errno) }
        let file = OpenFile(adopting: descriptor)
        guard fsync(file.descriptor) == 0 else { throw .system("syncing", folder.string, errno) }
    }
}

extension OpenFile {
    /// Writes a small file from its first byte.
    fileprivate func writeAll(_ bytes: [UInt8], path: FilePath) throws(ContentError) {
        let result = bytes.withUnsafeBytes { bytes -> ContentError? in
            do throws(ContentError) {
                try write(bytes, at: 0, path: path)
                return nil
            } catch {
                return error
            }
        }
        if let result { throw result }
    }

    /// Writes all bytes at an offset.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64, path: FilePath) throws(ContentError) {
        var written = 0
        while written < bytes.count {
            let count = pwrite(
                descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written,
                off_t(offset) + off_t(written))
            if count > 0 {
                written += count
            } else if count < 0, errno != EINTR {
                throw .system("writing", path.string, errno)
            }
        }
    }
}
