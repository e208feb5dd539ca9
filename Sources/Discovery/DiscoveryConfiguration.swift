/// How discovery behaves on this node. The defaults are the product's.
public struct DiscoveryConfiguration: Sendable {
    /// UDP, the same on the whole LAN.
    public var port: Int
    /// TCP port of this node's peer endpoint, as it is told to others.
    public var httpPort: Int
    /// Whether to send the beacon to the LAN, and to hear it.
    public var broadcasts: Bool
    /// Whether to announce and find nodes by mDNS.
    public var mdns = false
    /// `host:port` of peers that neither beacon nor mDNS reaches.
    public var staticPeers: [String] = []
    /// Names whose A, AAAA or SRV records are such peers.
    public var dnsPeers: [String] = []
    /// IP literals to announce; empty: every address that is not loopback.
    public var advertisedAddresses: [String] = []
    /// Whether `run` throws where the port cannot be bound; else it warns, and tries again now and then.
    public var mustBind: Bool
    /// From which addresses (IP literals) datagrams are taken.
    public var allows: @Sendable (String) -> Bool

    /// Whether addresses that `allows` does not name are let in with a holder of the cluster key at them.
    public var admitsMembers: @Sendable () -> Bool = { false }

    /// How many datagrams are looked at.
    public var datagrams = DatagramLimits()

    /// What is announced; empty: every address that is not loopback.
    var advertise: [IPAddress] { advertisedAddresses.compactMap { IPAddress($0) } }

    /// Tests send to each other over loopback, where there is no broadcast.
    var targets: (@Sendable () -> [BeaconTarget])?
    /// Told the port that was bound.
    var onBound: (@Sendable (Int) -> Void)?
    var timing = HelloSchedule.Timing()
    var answerRates = AnswerGate.Rates()

    public init(
        port: Int = 5051, httpPort: Int = 5051, broadcasts: Bool = true, mustBind: Bool = true,
        allows: @escaping @Sendable (String) -> Bool
    ) {
        self.port = port
        self.httpPort = httpPort
        self.broadcasts = broadcasts
        self.mustBind = mustBind
        self.allows = allows
    }

    public init(
        port: Int = 5051, httpPort: Int = 5051, broadcasts: Bool = true, mustBind: Bool = true, allow: AccessList
    ) {
        self.init(
            port: port, httpPort: httpPort, broadcasts: broadcasts, mustBind: mustBind,
            allows: { allow.allows($0) })
    }
}
