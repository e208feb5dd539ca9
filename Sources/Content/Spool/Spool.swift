public import OCI
import Synchronization
public import SystemPackage

/// The folder where blobs arrive.
public final class Spool: Sendable {
    private let directory: FilePath
    private let count = Atomic<UInt64>(0)

    /// Makes the folder, and removes what an agent that was killed has left there: none of it was verified.
    public init(directory: FilePath) throws(ContentError) {
        self.directory = directory
        try Folder.make(directory)
        for file in try Folder.files(in: directory) {
            try Folder.remove(directory.appending(file.name))
        }
    }

    /// A new, empty file for a blob.
    public func create(_ digest: Digest) throws(ContentError) -> SpoolFile {
        let number = count.wrappingAdd(1, ordering: .relaxed).newValue
        return try SpoolFile(path: directory.appending("\(digest.algorithm.rawValue)-\(digest.hex)-\(number)"))
    }
}
