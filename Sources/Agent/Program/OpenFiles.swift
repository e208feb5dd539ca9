import Glibc

/// How many files and connections this process may have open.
enum OpenFiles {
    /// Sets the process's own limit, as near as the system lets it.
    /// - Returns: how many there may be now; nil where the system does not say.
    static func allow(_ wanted: Int) -> Int? {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limits = rlimit()
        guard getrlimit(resource, &limits) == 0 else { return nil }
        let before = limits.rlim_cur
        limits.rlim_cur = min(rlim_t(wanted), limits.rlim_max)
        return Int(clamping: setrlimit(resource, &limits) == 0 ? limits.rlim_cur : before)
    }

    /// A connection that is answered takes up to three descriptors, and there are several listeners; what arrives needs some, too.
    static func connections(of files: Int) -> Int { max(1, files / 8) }

    /// What to tell where the system lets less than was asked for; nil where it does not.
    static func warning(wanted: Int, allowed: Int?) -> String? {
        guard let allowed, allowed < wanted else { return nil }
        return
            "limits.open_files is \(wanted), and the system lets the agent have \(allowed) files open: set LimitNOFILE=\(wanted) in "
            + "the unit (systemctl edit shoal)"
    }
}
