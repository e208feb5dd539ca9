public import OCI
public import SystemPackage

/// What the operator says about upstream registries. Public ones need no word.
public struct UpstreamConfiguration: Sendable {
    /// One `[upstream."…"]` table.
    public struct Registry: Sendable, Equatable {
        /// Where the registry is, if not at `https://` and its name. Empty: there.
        public var url: String?
        /// Plain HTTP is allowed to hosts other than loopback.
        public var plainHTTP: Bool
        /// A PEM file with certificates to trust besides the system's.
        public var caFile: FilePath?
        public var username: String?
        public var passwordFile: FilePath?

        public init(
            url: String? = nil, plainHTTP: Bool = false, caFile: FilePath? = nil, username: String? = nil,
            passwordFile: FilePath? = nil
        ) {
            self.url = url
            self.plainHTTP = plainHTTP
            self.caFile = caFile
            self.username = username
            self.passwordFile = passwordFile
        }
    }

    public var registries: [RegistryName: Registry]
    /// A docker `config.json` with credentials.
    public var dockerConfig: FilePath?
    /// How many connections are open to one registry at once.
    public var connectionsPerRegistry: Int
    /// What the agent calls itself, `shoal/<version>`.
    public var userAgent: String

    public init(
        registries: [RegistryName: Registry] = [:], dockerConfig: FilePath? = nil, connectionsPerRegistry: Int = 8,
        userAgent: String = "shoal"
    ) {
        self.registries = registries
        self.dockerConfig = dockerConfig
        self.connectionsPerRegistry = connectionsPerRegistry
        self.userAgent = userAgent
    }
}
