/// What the operator says about discovery.
public struct DiscoveryConfiguration: Sendable {
    /// UDP, the same on the whole LAN.
    public var port: Int
    /// Whether datagrams are sent and heard at all.
    public var isBroadcasting: Bool
    /// TCP port of this node's peer endpoint.
    public var httpPort: Int
    /// Whether an address (an IP literal) may be a peer's.
    public var allows: @Sendable (String) -> Bool
    /// Where Hellos and questions go instead of the subnets' broadcast addresses: for tests.
    var targets: [(host: String, port: Int)]?

    public init(
        port: Int = 5051, isBroadcasting: Bool = true, httpPort: Int = 5051,
        allows: @escaping @Sendable (String) -> Bool
    ) {
        self.port = port
        self.isBroadcasting = isBroadcasting
        self.httpPort = httpPort
        self.allows = allows
    }
}
