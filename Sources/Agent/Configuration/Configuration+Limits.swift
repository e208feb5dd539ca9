extension Configuration {
    /// How much at once: what the agent gives to others before it says that it is enough. The bounds of each stand with its key.
    public struct Limits: Sendable, Equatable {
        /// `limits.uploads`
        public var uploads = 32
        /// `limits.upload_rate`
        public var uploadRate: ByteRate?
        /// `limits.download_rate`
        public var downloadRate: ByteRate?
        /// `limits.upstream_rate`
        public var upstreamRate: ByteRate?

        /// `limits.connections`
        public var connections = 1024
        /// `limits.connections_per_address`
        public var connectionsPerAddress = 256
        /// `limits.requests`
        public var requests = 1024
        /// `limits.request_line`
        public var requestLine = ByteSize(bytes: 8 << 10)
        /// `limits.headers`
        public var headers = ByteSize(bytes: 16 << 10)
        /// `limits.header_fields`
        public var headerFields = 100
        /// `limits.header_timeout`
        public var headerTimeout = TimePeriod(seconds: 10)
        /// `limits.body_timeout`
        public var bodyTimeout = TimePeriod(seconds: 60)
        /// `limits.idle_timeout`
        public var idleTimeout = TimePeriod(seconds: 60)
        /// `limits.stall_timeout`
        public var stallTimeout = TimePeriod(seconds: 120)
        /// `limits.waits`
        public var waits = 64
        /// `limits.waits_per_address`
        public var waitsPerAddress = 8

        /// `limits.downloads`
        public var downloads = 256
        /// `limits.spool`; nil: no limit
        public var spool: ByteSize?
        /// `limits.open_files`
        public var openFiles = 65_536

        /// `limits.datagrams`
        public var datagrams = 4000
        /// `limits.stranger_datagrams`
        public var strangerDatagrams = 1000
        /// `limits.datagrams_per_address`
        public var datagramsPerAddress = 100
        /// `limits.peers`
        public var peers = 2048
        /// `limits.peers_per_address`
        public var peersPerAddress = 16
        /// `limits.inventory`
        public var inventory = 1_000_000
        /// `limits.inventory_per_peer`
        public var inventoryPerPeer = 100_000
        /// `limits.names`
        public var names = 100_000
        /// `limits.names_per_peer`
        public var namesPerPeer = 20_000

        /// `limits.log_lines`
        public var logLines = 6000
        /// `limits.log_repeats`
        public var logRepeats = 10

        /// A few pieces: in less nothing could arrive.
        static let leastSpool = ByteSize(bytes: 16 << 20)
    }
}
