import Glibc
public import SystemPackage

/// Finds the socket of this machine's agent.
public struct AdminSocketSearch: Sendable {
    var explicit: String?
    var environment: [String: String]
    /// `admin.socket` of the default configuration file, where that sets it and can be read.
    var configured: FilePath?
    var isRoot: Bool

    /// A search as this process would do it.
    /// - Parameters:
    ///   - explicit: the argument of `--socket`.
    ///   - environment: the variables of the process.
    public init(explicit: String?, environment: [String: String]) {
        self.explicit = explicit
        self.environment = environment
        // A configuration that is broken or not ours to read is the agent's affair; asking it must still work.
        let configuration = try? ConfigurationSources(environment: [:]).load()
        configured = configuration.flatMap { $0.isSet("admin.socket") ? $0.admin.socket.path : nil }
        isRoot = geteuid() == 0
    }

    init(explicit: String?, environment: [String: String], configured: FilePath?, isRoot: Bool) {
        self.explicit = explicit
        self.environment = environment
        self.configured = configured
        self.isRoot = isRoot
    }

    /// The sockets to try, in order: what was named, and nothing else, where something was.
    public var candidates: [FilePath] {
        if let explicit { return [FilePath(explicit)] }
        if let variable = environment["SHOAL_ADMIN_SOCKET"], !variable.isEmpty { return [FilePath(variable)] }
        if let configured { return [configured] }
        var candidates = [Configuration.Admin().socket.path]
        if !isRoot, let runtime = environment["XDG_RUNTIME_DIR"], !runtime.isEmpty {
            candidates.append(FilePath(runtime).appending("shoal.sock"))
        }
        return candidates
    }
}
