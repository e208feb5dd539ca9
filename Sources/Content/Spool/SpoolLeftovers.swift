import Glibc
import OCI
import Synchronization
import SystemPackage

/// The files in the spool's folder that nobody is writing, as they come and go. Locks decide between agents that share the folder:
/// whoever removes a file, or goes on with it, holds its lock.
final class SpoolLeftovers: Sendable {
    /// What all files of the spool take.
    let space: SpoolSpace
    private let folder: Folder
    private let list = Mutex(LeftoverList())

    /// Looks at what agents before this one have left, and removes what nobody can go on from.
    init(in folder: Folder, space: SpoolSpace) throws(ContentError) {
        self.folder = folder
        self.space = space
        for entry in try folder.entries() where entry.kind == .file {
            if let name = SpoolName(entry.name) {
                sort(name)
            } else if let name = SpoolName(ofJournal: entry.name), !exists(path(of: name)) {
                try? Folder.remove(journalPath(of: name))
            }
        }
        drop(olderThan: LeftoverList.ageLimit)
        trim()
    }

    /// Goes on with the youngest file of a blob that is good for who asks an origin.
    /// - Returns: nil where there is none that nobody else has.
    func adopt(_ digest: Digest, for origin: SpoolOrigin?) -> SpoolFile? {
        var others: [SpoolFile] = []
        defer { for file in others { file.leave() } }
        while let leftover = list.withLock({ $0.take(digest) }) {
            space.give(leftover.bytes)
            guard let file = SpoolFile(adopting: leftover.name, in: self) else { continue }
            if file.recovered?.isGood(for: origin) == true { return file }
            others.append(file)
        }
        return nil
    }

    /// A file was left whose lock is free again.
    func left(_ name: SpoolName, _ status: stat) {
        insert(Self.leftover(name, status))
        trim()
    }

    /// Removes what was written last so long ago.
    func drop(olderThan age: Duration) {
        let (seconds, attoseconds) = age.components
        let moment = Self.now - seconds * 1_000_000_000 - attoseconds / 1_000_000_000
        for leftover in list.withLock({ $0.takeOlder(than: moment) }) { _ = remove(leftover) }
    }

    /// Removes the oldest until so many bytes are free again.
    /// - Returns: how many became free.
    func makeRoom(for bytes: Int64) -> Int64 {
        var freed: Int64 = 0
        while freed < bytes, let leftover = list.withLock({ $0.takeOldest() }) {
            if remove(leftover) { freed += leftover.bytes }
        }
        return freed
    }

    func path(of name: SpoolName) -> FilePath { folder.path.appending(name.description) }

    func journalPath(of name: SpoolName) -> FilePath { folder.path.appending(name.journal) }

    // MARK: Files

    private func sort(_ name: SpoolName) {
        guard let file = LockedSpoolFile(path(of: name)) else { return }
        if file.mayBeAdopted, let status = try? file.file.status(),
            SpoolJournal.isSound(at: journalPath(of: name), digest: name.digest)
        {
            insert(Self.leftover(name, status))
        } else {
            file.remove(with: journalPath(of: name))
        }
    }

    private func insert(_ leftover: LeftoverList.Leftover) {
        list.withLock { $0.insert(leftover) }
        space.add(leftover.bytes)
    }

    private func trim() {
        let free = folder.freeBytes
        for leftover in list.withLock({ $0.takeExcess(free: free) }) { _ = remove(leftover) }
        while space.isExceeded, let leftover = list.withLock({ $0.takeOldest() }) { _ = remove(leftover) }
    }

    /// Removes one that has been taken out of the list.
    /// - Returns: false where somebody else has it by now.
    private func remove(_ leftover: LeftoverList.Leftover) -> Bool {
        space.give(leftover.bytes)
        guard let file = LockedSpoolFile(path(of: leftover.name)) else { return false }
        file.remove(with: journalPath(of: leftover.name))
        return true
    }

    private func exists(_ path: FilePath) -> Bool {
        var status = stat()
        return path.withPlatformString { lstat($0, &status) } == 0
    }

    private static func leftover(_ name: SpoolName, _ status: stat) -> LeftoverList.Leftover {
        LeftoverList.Leftover(
            name: name, modified: FileIdentity(status).modified, bytes: Int64(status.st_blocks) * 512)
    }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// A spool file that no living agent has, and that nobody else gets while this object lives. Locks die with their process.
final class LockedSpoolFile: Sendable {
    let file: OpenFile
    /// False where the filesystem has no locks: then nobody can tell whose the file is.
    private let isLocked: Bool
    private let path: FilePath

    /// - Returns: nil where another agent has the file, or nothing stands there that is a file.
    init?(_ path: FilePath) {
        guard let file = try? OpenFile.open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK) else { return nil }
        let result = flock(file.descriptor, LOCK_EX | LOCK_NB)
        if result != 0, errno == EWOULDBLOCK { return nil }
        // Whoever had the lock before may have removed the name, or a store taken it.
        guard let identity = try? FileIdentity(of: file), let named = FileIdentity(at: path),
            (named.device, named.inode) == (identity.device, identity.inode)
        else { return nil }
        self.file = file
        self.path = path
        isLocked = result == 0
    }

    var mayBeAdopted: Bool { isLocked && file.isOwn }

    /// Removes both names, as far as the folder allows.
    func remove(with journal: FilePath) {
        try? Folder.remove(journal)
        try? Folder.remove(path)
    }
}
