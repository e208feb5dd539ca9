import Glibc
public import OCI
import Synchronization
public import SystemPackage

/// The folder where blobs arrive.
public final class Spool: Sendable {
    private let folder: Folder
    private let created = Atomic<UInt64>(0)

    /// Opens the folder, making it where it is missing, and removes what an agent that died has left there.
    ///
    /// Only files named as ``create(_:)`` names them are removed: the folder is the operator's choice and may be `/tmp`.
    /// Those that another agent is writing stay. Blocks; meant for the start.
    /// - Throws: `.unusable` where the folder cannot be made or written to.
    public init(directory: FilePath) throws(ContentError) {
        folder = try Folder(making: directory)
        for entry in try folder.entries() where entry.kind == .file && SpoolName(entry.name) != nil {
            try Self.removeAbandoned(directory.appending(entry.name))
        }
    }

    /// Makes a new, empty file for a blob. Several for one digest do not disturb each other.
    public func create(_ digest: Digest) throws(ContentError) -> SpoolFile {
        while true {
            let number = created.wrappingAdd(1, ordering: .relaxed).newValue
            let path = folder.path.appending(SpoolName(digest: digest, number: number).description)
            do throws(ContentError) {
                return try SpoolFile(creating: path)
            } catch {
                // Another agent's, or one that could not be removed: the next number is free.
                guard error.cause as? Errno == .fileExists else { throw error }
            }
        }
    }

    private static func removeAbandoned(_ path: FilePath) throws(ContentError) {
        guard let file = try? OpenFile.open(path: path) else { return }
        // Locks die with their process: one that is held means an agent that lives. See `SpoolFile`.
        if flock(file.descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK { return }
        try Folder.remove(path)
    }
}
