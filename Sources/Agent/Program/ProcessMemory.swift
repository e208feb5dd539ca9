import CExecutable
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// What the agent has in memory: the cluster key, registries' passwords and tokens, and what clients show.
enum ProcessMemory {
    /// Keeps it out of core dumps, and from other processes of the same user.
    /// - Throws: why the system does not let it.
    static func keepPrivate() throws(Errno) {
        guard forbid_dumps() == 0 else { throw Errno(rawValue: errno) }
    }

    /// Whether the kernel would write it to a core dump, where the limit of their size allows one.
    static var mayBeDumped: Bool { may_be_dumped() != 0 }
}
