public import OCI
import Synchronization
public import SystemPackage

/// The folder where blobs arrive, and where those stay for a while that were cut off, for a later download to go on from.
public final class Spool: Sendable {
    private let leftovers: SpoolLeftovers
    private let created = Atomic<UInt64>(0)

    /// Opens the folder, making it where it is missing, and looks at what an agent that died has left there.
    ///
    /// Files with a sound journal stay for ``create(_:from:)`` as long as they are younger than 24 hours, no more than 64, and take no more than
    /// half of the free space; others are removed. Only files named as ``create(_:from:)`` names them are touched: the folder is the
    /// operator's choice and may be `/tmp`. Those that another agent is writing are left alone. Blocks; meant for the start.
    /// - Parameter limit: bytes that all files in it may take, those that were left included; nil: as many as the disk has. The oldest that
    ///   were left go first; when there are none, ``SpoolFile/write(_:at:)`` says `.exceedsCapacity`.
    /// - Throws: `.unusable` where the folder cannot be made or written to.
    public init(directory: FilePath, limit: Int64? = nil) throws(ContentError) {
        leftovers = try SpoolLeftovers(in: Folder(making: directory), space: SpoolSpace(limit: limit))
    }

    /// Makes a new, empty file for a blob, or goes on with one that was left: then ``SpoolFile/recovered`` says what is noted of it.
    /// Several for one digest do not disturb each other.
    /// - Parameter origin: who will be asked; nil: nobody yet. What was left with bytes or a size of another's is not gone on with.
    public func create(_ digest: Digest, from origin: SpoolOrigin? = nil) throws(ContentError) -> SpoolFile {
        let file = if let left = leftovers.adopt(digest, for: origin) { left } else { try make(digest) }
        if let origin { file.note(origin) }
        return file
    }

    private func make(_ digest: Digest) throws(ContentError) -> SpoolFile {
        while true {
            let number = created.wrappingAdd(1, ordering: .relaxed).newValue
            do throws(ContentError) {
                return try SpoolFile(creating: SpoolName(digest: digest, number: number), in: leftovers)
            } catch {
                // Another agent's, one that was left, or one that could not be removed: the next number is free.
                guard error.cause as? Errno == .fileExists else { throw error }
            }
        }
    }

    /// Removes files that were left and that nobody has written for so long. Blocks shortly.
    public func dropLeftovers(olderThan age: Duration = .seconds(24 * 60 * 60)) {
        leftovers.drop(olderThan: age)
    }

    /// Removes files that were left, the oldest first, for when the disk is full. Blocks shortly.
    /// - Returns: how many bytes became free: 0 where nothing was left to remove.
    public func makeRoom(for bytes: Int64) -> Int64 {
        leftovers.makeRoom(for: bytes)
    }
}
