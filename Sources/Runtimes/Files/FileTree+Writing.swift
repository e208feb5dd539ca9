import Glibc
import SystemPackage

extension FileTree {
    /// Carries a plan out: each file at once or not at all.
    /// - Throws: the first file that cannot be written. Nothing is written if that can be told beforehand.
    public func apply(_ plan: RuntimePlan) throws(Refusal) {
        for edit in plan.edits { try check(edit) }
        for edit in plan.edits {
            if let after = edit.after {
                try write(after, to: edit)
            } else {
                try remove(edit)
            }
        }
        // Last, since several files may have been the reason for one folder.
        for edit in plan.edits where edit.after == nil { removeFolders(of: edit) }
    }

    /// Says before anything is written that a file cannot be.
    private func check(_ edit: FileEdit) throws(Refusal) {
        // The folder that gets a new entry: the file's own, or the nearest one that is there.
        var folder = (realPath(edit.path) ?? place(edit.path)).removingLastComponent()
        while !folder.components.isEmpty, folder.withPlatformString({ access($0, F_OK) }) != 0 {
            folder.removeLastComponent()
        }
        guard folder.withPlatformString({ faccessat(AT_FDCWD, $0, W_OK, AT_EACCESS) }) == 0 else {
            throw failure("written", edit.path)
        }
        guard edit.before != nil else { return }
        // Opened, not asked of access(2): that one answers for the real user.
        let descriptor = place(edit.path).withPlatformString { Glibc.open($0, O_WRONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else { throw failure("written", edit.path) }
        close(descriptor)
    }

    private func failure(_ verb: String, _ path: FilePath) -> Refusal {
        let error = Errno(rawValue: errno)
        let mend =
            switch error {
            case .readOnlyFileSystem: "its file system is mounted read-only: remount it, or change what it is made from"
            case .permissionDenied where geteuid() != 0: "run this as root"
            case .permissionDenied, .notPermitted:
                "its owner has made it read-only (see ls -l and lsattr): allow it, or make the change by hand; "
                    + "--dry-run shows it"
            case .noSpace: "make room"
            default: "nothing was changed there"
            }
        return Refusal(path, "cannot be \(verb) (\(error)): \(mend)")
    }

    private func write(_ text: String, to edit: FileEdit) throws(Refusal) {
        let folder = edit.path.removingLastComponent()
        if edit.before == nil { try makeFolders(to: folder) }
        // What a link points to is replaced, not the link.
        let target = realPath(edit.path) ?? place(edit.path)
        var old = stat()
        let isThere = target.withPlatformString { stat($0, &old) } == 0
        let name = target.lastComponent?.string ?? "configuration"
        let template = target.removingLastComponent().appending(".\(name).shoal-XXXXXX")
        var path = Array(template.string.utf8CString)
        let descriptor = mkstemp(&path)
        guard descriptor >= 0 else { throw failure("written", edit.path) }
        let temporary = FilePath(platformString: path)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        let file = FileDescriptor(rawValue: descriptor)
        do {
            try file.closeAfter {
                try file.writeAll(text.utf8)
                guard !isThere || fchown(descriptor, old.st_uid, old.st_gid) == 0,
                    fchmod(descriptor, isThere ? old.st_mode & 0o7777 : 0o644) == 0, fsync(descriptor) == 0
                else { throw Errno(rawValue: errno) }
            }
            let renamed = temporary.withPlatformString { from in target.withPlatformString { rename(from, $0) } }
            guard renamed == 0 else { throw Errno(rawValue: errno) }
        } catch {
            let failure = failure("written", edit.path)
            _ = temporary.withPlatformString { unlink($0) }
            throw failure
        }
        sync(folder: target.removingLastComponent())
    }

    /// Makes the entry durable; where the file system cannot, it is as good as it gets.
    private func sync(folder: FilePath) {
        let descriptor = folder.withPlatformString { Glibc.open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private func realPath(_ path: FilePath) -> FilePath? {
        guard let resolved = place(path).withPlatformString({ realpath($0, nil) }) else { return nil }
        defer { free(resolved) }
        return FilePath(platformString: resolved)
    }

    private func makeFolders(to folder: FilePath) throws(Refusal) {
        if exists(folder) { return }
        let above = folder.removingLastComponent()
        if above != folder, !above.components.isEmpty { try makeFolders(to: above) }
        guard place(folder).withPlatformString({ mkdir($0, 0o755) }) == 0 || errno == EEXIST else {
            throw failure("made", folder)
        }
    }

    private func remove(_ edit: FileEdit) throws(Refusal) {
        guard place(edit.path).withPlatformString({ unlink($0) }) == 0 || errno == ENOENT else {
            throw failure("removed", edit.path)
        }
        sync(folder: place(edit.path.removingLastComponent()))
    }

    /// Folders that are not empty stay.
    private func removeFolders(of edit: FileEdit) {
        var folder = edit.path.removingLastComponent()
        for _ in 0..<edit.removedFolders where place(folder).withPlatformString({ rmdir($0) }) == 0 || errno == ENOENT {
            folder.removeLastComponent()
        }
    }
}
