/// What bounds the directory, whatever strangers say.
public struct DirectoryLimits: Sendable, Equatable {
    /// Nodes known at once, confirmed or not.
    public var peers = 2048
    /// Nodes that one IP address may claim to be: several agents on a host, and no more.
    public var peersPerAddress = 16
    /// Addresses of one node.
    public var addressesPerPeer = 4
    /// Digests of one node; more of it are not looked at.
    public var digestsPerPeer = 100_000
    /// Digests of all nodes together, counted once for each holder.
    public var digests = 1_000_000
    /// Names of one node: tags, and manifests of the local namespace.
    public var referencesPerPeer = 20_000
    /// Names of all nodes together, counted once for each that tells of one.
    public var references = 100_000
    /// Blobs that one node says it is fetching.
    public var wantsPerPeer = 256
    /// The same of all nodes together.
    public var wants = 65_536
    /// Questions over HTTP under way at once; half of them at most to nodes that never answered one.
    public var inquiries = 8

    public init() {}
}
