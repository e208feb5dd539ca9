import Glibc
import OCI
import SystemPackage

/// The files of containerd's content store. They are containerd's: nothing is ever changed here.
struct ContentFiles: Hashable, Sendable {
    /// containerd's plugin for it, which is the folder's name too.
    static let plugin = "io.containerd.content.v1.content"

    /// The plugin's own folder.
    let folder: FilePath

    var blobs: FilePath { folder.appending("blobs") }

    func blobs(_ algorithm: Digest.Algorithm) -> FilePath { blobs.appending(algorithm.rawValue) }

    func path(of digest: Digest) -> FilePath { blobs(digest.algorithm).appending(digest.hex) }

    /// Why the folder is of no use; nil where it can be looked into. Blocks.
    var objection: String? {
        guard folder.withPlatformString({ access($0, R_OK | X_OK) }) == 0 else {
            return switch errno {
            case EACCES, EPERM:
                "\(folder) may not be read by the agent's user; run the agent as root, or let it read there"
            case ENOENT, ENOTDIR:
                "\(folder) does not exist here; set runtime.containerd.root, or let the agent see the host's folder"
            default: "\(folder) cannot be read: \(Errno(rawValue: errno))"
            }
        }
        // containerd makes it with the first blob.
        guard blobs.withPlatformString({ access($0, R_OK | X_OK) }) == 0 || errno == ENOENT else {
            return "\(blobs) cannot be read: \(Errno(rawValue: errno)); let the agent's user read there"
        }
        return nil
    }

    /// Looks at a blob's file. Blocks for a moment.
    func look(at digest: Digest) -> BlobFile {
        let path = path(of: digest)
        if let identity = FileIdentity(at: path) { return .there(identity) }
        return path.withPlatformString { access($0, F_OK) } == 0 || errno != ENOENT ? .unknown : .missing
    }

    /// Looks at many. Blocks.
    func look(at digests: some Sequence<Digest>) -> [Digest: BlobFile] {
        Dictionary(uniqueKeysWithValues: digests.map { ($0, look(at: $0)) })
    }
}
