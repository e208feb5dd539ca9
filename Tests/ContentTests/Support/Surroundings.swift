import FoundationEssentials
import Glibc
import SystemPackage

/// What this machine lets tests do. In CI everything must be there: tests run there and fail instead of being skipped.
enum Surroundings {
    static let isCI = ProcessInfo.processInfo.environment["CI"] == "true"

    static let hasSkopeo = has("skopeo")

    /// containerd wants root.
    static let hasContainerd = isRoot && has("containerd") && has("ctr")

    private static func has(_ program: String) -> Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            access("\($0)/\(program)", X_OK) == 0
        }
    }

    static let isRoot = getuid() == 0

    /// Whether a filesystem can be mounted: root in a container often cannot.
    static let canMount: Bool = {
        guard isRoot, let scratch = try? Scratch() else { return false }
        return (try? SmallDisk(at: scratch.path.appending("probe"), bytes: 1 << 20)) != nil
    }()
}

/// A tmpfs of a few megabytes, to run out of. It is unmounted with this object.
final class SmallDisk: Sendable {
    let path: FilePath

    init(at path: FilePath, bytes: Int) throws {
        self.path = path
        guard mkdir(path.string, 0o700) == 0, mount("shoal-test", path.string, "tmpfs", 0, "size=\(bytes)") == 0 else {
            throw Errno(rawValue: errno)
        }
    }

    deinit {
        umount2(path.string, CInt(MNT_DETACH))
    }

    /// How many bytes are still free.
    var free: Int {
        var status = statvfs()
        guard statvfs(path.string, &status) == 0 else { return 0 }
        return Int(status.f_bavail) * Int(status.f_bsize)
    }
}
