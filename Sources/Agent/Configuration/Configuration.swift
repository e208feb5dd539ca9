public import OCI
public import SystemPackage

/// What the agent was told: every key of `docs/configuration.md` as a typed value.
///
/// A fresh value holds the defaults. ``ConfigurationSources/load()`` reads the file, the environment and `--set`.
public struct Configuration: Sendable, Equatable {
    /// `data_dir`
    public var dataDirectory: FilePath = "/var/lib/shoal"
    /// `docker_config`
    public var dockerConfig: FilePath?
    /// `[mirror]`
    public var mirror = Mirror()
    /// `[peers]`
    public var peers = Peers()
    /// `[discovery]`
    public var discovery = Discovery()
    /// `[admin]`
    public var admin = Admin()
    /// `[runtime.containerd]`
    public var containerd = Containerd()
    /// `[store]`
    public var store = Store()
    /// `[tags]`
    public var tags = Tags()
    /// `[share]`
    public var share = Share()
    /// `[upstream."registry"]`
    public var upstream: [RegistryName: Upstream] = [:]
    /// `[push]`
    public var push = Push()
    /// `[limits]`
    public var limits = Limits()

    /// Things to log at the start: variables that mean nothing, keys that do nothing yet.
    public internal(set) var warnings: [String] = []
    /// Where it was read from; what a reload reads again.
    public internal(set) var sources: ConfigurationSources?
    /// The keys that were set, and where.
    var places: [String: ConfigurationPlace] = [:]

    /// The defaults.
    public init() {}

    /// Whether a key was set, be it to its default. A key of an upstream table is named as in the file,
    /// `upstream."registry.example.com".url`.
    public func isSet(_ key: String) -> Bool { places[key] != nil }
}

extension Configuration {
    /// The endpoint for this node's runtime.
    public struct Mirror: Sendable, Equatable {
        /// `mirror.listen`
        public var listen = [ListenEndpoint(.v4Loopback, port: 5050), ListenEndpoint(.v6Loopback, port: 5050)]
        /// `mirror.docker_listen`; nil turns it off
        public var dockerListen: ListenEndpoint? = ListenEndpoint(.v4Loopback, port: 5054)
        /// `mirror.allow_remote`
        public var allowRemote = false
        /// `mirror.tls_cert`; set where ``tlsKey`` is
        public var tlsCertificate: FilePath?
        /// `mirror.tls_key`
        public var tlsKey: FilePath?

        /// Whether an address of ``listen`` is spoken to over TLS: runtimes of this node ask without.
        public func speaksTLS(at endpoint: ListenEndpoint) -> Bool { tlsCertificate != nil && !endpoint.isLoopback }
    }

    /// Other nodes.
    public struct Peers: Sendable, Equatable {
        /// `peers.listen`
        public var listen = [ListenEndpoint(.v4Any, port: 5051), ListenEndpoint(.v6Any, port: 5051)]
        /// `peers.advertise`
        public var advertise: [IPAddress] = []
        /// `peers.allow`
        public var allow: [AccessRule] = [.onLink]
        /// `peers.static`
        public var fixed: [PeerHost] = []
        /// `peers.dns`
        public var dns: [DNSName] = []
        /// `peers.key_file`
        public var keyFile: FilePath?
        /// `peers.release`
        public var release = ReleaseRule.checked
        /// `[peers.tls]`
        public var tls = PeerTLS()
    }

    /// With what nodes show each other who they are. All three paths are set, or none.
    public struct PeerTLS: Sendable, Equatable {
        /// `peers.tls.cert`
        public var certificate: FilePath?
        /// `peers.tls.key`
        public var key: FilePath?
        /// `peers.tls.ca`
        public var authority: FilePath?

        /// Whether peers speak TLS.
        public var isOn: Bool { certificate != nil }
    }

    /// How nodes find each other.
    public struct Discovery: Sendable, Equatable {
        /// `discovery.mdns`
        public var mdns = true
        /// `discovery.broadcast`
        public var broadcast = true
        /// `discovery.port`
        public var port = UDPPort(number: 5051)
    }

    /// Status, metrics and the command line's socket.
    public struct Admin: Sendable, Equatable {
        /// `admin.listen`; nil turns it off
        public var listen: ListenEndpoint? = ListenEndpoint(.v4Loopback, port: 5052)
        /// `admin.socket`
        public var socket = SocketPath(known: "/run/shoal/shoal.sock")
    }

    /// The container runtime whose content is shared.
    public struct Containerd: Sendable, Equatable {
        /// `runtime.containerd.address`; nil turns it off
        public var address: RuntimeSocket? = .auto
        /// `runtime.containerd.root`
        public var root = RuntimeRoot.auto
        /// `runtime.containerd.namespaces`; empty: all
        public var namespaces: [ContainerdNamespace] = []

        /// Whether a socket is named, so that its absence is a fault and not a host without containerd.
        var isNamed: Bool { address != nil && address != .auto }
    }

    /// Shoal's own blobs.
    public struct Store: Sendable, Equatable {
        /// `store.capacity`
        public var capacity = ByteSize(bytes: 20_000_000_000)
        /// `store.spool`; nil: a folder in the data directory
        public var spool: FilePath?
        /// `store.retain`
        public var retain = RetentionRule.auto
        /// `store.complete_ranges`
        public var completeRanges = false
        /// `store.scrub`; nil turns it off
        public var scrub: TimePeriod? = TimePeriod(seconds: 30 * 86_400)
        /// `store.grace`
        public var grace = TimePeriod(seconds: 86_400)
    }

    /// What tags mean.
    public struct Tags: Sendable, Equatable {
        /// `tags.policy`
        public var policy = TagPolicy.upstreamFirst
        /// `tags.believe`
        public var believe = TagBelief.key
    }

    /// What others are offered.
    public struct Share: Sendable, Equatable {
        /// `share.include`
        public var include: [SharePattern] = []
        /// `share.exclude`
        public var exclude: [SharePattern] = []
        /// `share.private`
        public var privateImages = PrivateImages.offer

        /// Whether `share.include` names the repository.
        public func includes(_ origin: Origin) -> Bool { include.contains { $0.matches(origin) } }

        /// Whether `share.exclude` names the repository; what it names is never offered.
        public func excludes(_ origin: Origin) -> Bool { exclude.contains { $0.matches(origin) } }
    }

    /// What may be pushed, and by whom.
    public struct Push: Sendable, Equatable {
        /// `push.htpasswd`; nil: nobody pushes from another machine
        public var htpasswd: FilePath?
        /// `push.repositories`
        public var repositories = 1000
        /// `push.blob_size`; nil: no limit
        public var blobSize: ByteSize?
    }

    /// How one registry is reached.
    public struct Upstream: Sendable, Equatable {
        /// `url`
        public var url: UpstreamURL?
        /// `plain_http`
        public var plainHTTP = false
        /// `ca_file`
        public var caFile: FilePath?
        /// `username`; empty: none
        public var username = ""
        /// `password_file`
        public var passwordFile: FilePath?
    }
}
