import Glibc

/// How many files a process has open, sockets included, and may have.
public struct FileUsage: Codable, Sendable, Equatable {
    public var open: Int
    public var limit: Int

    /// Makes the record of its parts.
    public init(open: Int, limit: Int) {
        self.open = open
        self.limit = limit
    }

    /// Of this process; nil where the system does not say.
    static var now: FileUsage? {
        var limits = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0,
            let folder = opendir("/proc/self/fd")
        else { return nil }
        defer { closedir(folder) }
        // The folder itself, "." and ".." are not counted.
        var open = -3
        while readdir(folder) != nil { open += 1 }
        return FileUsage(open: open, limit: Int(clamping: limits.rlim_cur))
    }
}
