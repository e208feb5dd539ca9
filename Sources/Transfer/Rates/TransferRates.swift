/// How fast bytes may move between this node and others. The runtime on this node gets what is here as fast as it takes it.
public struct TransferRates: Sendable {
    /// From peers.
    public let download: RateLimit
    /// From registries.
    public let upstream: RateLimit
    /// To peers.
    public let upload: RateLimit

    public init(download: RateLimit = .none, upstream: RateLimit = .none, upload: RateLimit = .none) {
        self.download = download
        self.upstream = upstream
        self.upload = upload
    }

    /// No limits.
    public static var none: TransferRates { TransferRates() }
}
