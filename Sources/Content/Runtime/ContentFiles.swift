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

    /// Put together as text, and taken apart once: thousands of paths are made at a time.
    func path(of digest: Digest) -> FilePath {
        FilePath("\(folder)/blobs/\(digest.algorithm.rawValue)/\(digest.hex)")
    }

    /// Why the folder is of no use; nil where it can be looked into. Blocks.
    var objection: String? {
        if let fault = Self.faultOfOpening(folder) {
            return switch fault.rawValue {
            case EACCES, EPERM:
                "\(folder) may not be read by the agent's user; run the agent as root, or let it read there"
            case ENOENT, ENOTDIR:
                "\(folder) does not exist here; set runtime.containerd.root, or let the agent see the host's folder"
            default: "\(folder) cannot be read: \(fault)"
            }
        }
        // containerd makes it with the first blob.
        if let fault = Self.faultOfOpening(blobs), fault != .noSuchFileOrDirectory {
            return "\(blobs) cannot be read: \(fault); let the agent's user read there"
        }
        return nil
    }

    /// Not by access(2), which leaves out the right to read everything (CAP_DAC_READ_SEARCH) that a service may have been given.
    private static func faultOfOpening(_ folder: FilePath) -> Errno? {
        let descriptor = folder.withPlatformString { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { return Errno(rawValue: errno) }
        close(descriptor)
        return nil
    }

    /// Why files that were looked at are of no use: none of them is what the runtime says that it has.
    static func objection(to found: [Digest: BlobFile], in folder: FilePath) -> String? {
        guard !found.isEmpty else { return nil }
        if found.values.allSatisfy({ $0 == .unknown }) {
            return
                "the files in \(folder) may not be read by the agent's user; run the agent as root, or let it read there"
        }
        // One that is missing may have been collected since it was listed.
        guard found.count > 1, found.values.allSatisfy({ $0 == .missing }) else { return nil }
        return "\(folder) has none of the files that containerd lists; set runtime.containerd.root, "
            + "or let the agent see the host's folder"
    }

    /// Looks at a blob's file. Blocks for a moment.
    func look(at digest: Digest) -> BlobFile {
        let path = path(of: digest)
        if let identity = FileIdentity(at: path) { return .there(identity) }
        var status = stat()
        return path.withPlatformString { lstat($0, &status) } == 0 || errno != ENOENT ? .unknown : .missing
    }
}

extension BlockingWork {
    /// Looks at the files of blobs, and says why they are of no use where they are not.
    static func look(
        _ files: ContentFiles, _ digests: Set<Digest>
    ) async -> (found: [Digest: BlobFile], objection: String?) {
        let result = try? await run { () throws(ContentError) in
            var found: [Digest: BlobFile] = [:]
            found.reserveCapacity(digests.count)
            for digest in digests { found[digest] = files.look(at: digest) }
            return (found, files.objection)
        }
        guard let (found, objection) = result else { return ([:], "the agent is stopping") }
        return (found, objection ?? ContentFiles.objection(to: found, in: files.folder))
    }
}
