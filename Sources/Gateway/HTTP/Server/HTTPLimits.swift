/// What strangers may take of a listener.
public struct HTTPLimits: Sendable {
    /// Bytes of the request line; more is answered 414.
    public var requestLineSize = 8 << 10
    /// Bytes of the request line and all header fields; more is answered 431.
    public var headerSize = 16 << 10
    /// Header fields; more is answered 431.
    public var headerCount = 100
    /// Bytes of a request's body; more is answered 413.
    public var bodySize = 64 << 10
    /// How long a request may take to arrive, from its first byte on; then it is answered 408. A TLS handshake may take as long.
    public var headerTime: Duration = .seconds(10)
    /// How long a client may send nothing in the middle of a body that is read as it arrives.
    public var bodyIdleTime: Duration = .seconds(60)
    /// How long a connection may wait for its next request.
    public var idleTime: Duration = .seconds(60)
    /// How long a client may read nothing while there is something to read, or less than ``leastRate``.
    public var stallTime: Duration = .seconds(120)
    /// Bytes a second that a client reads at least, over ``stallTime``: who reads now and then a few holds a place that others want.
    public var leastRate = 512
    /// How long and for how many bytes a client is listened to after the last answer. Closing with unread input would
    /// send a RST, which takes back bytes that the client has not read yet.
    public var lingerTime: Duration = .seconds(2)
    public var lingerSize = 1 << 20
    /// How long an answer goes on after the client has closed its sending side: small answers still reach tools that
    /// do that (`nc -N`, `socat`), and a client that is gone is noticed soon.
    public var halfCloseTime: Duration = .milliseconds(500)
    /// Connections in all, and from one address that is not loopback. A few more are answered 503, the rest closed.
    public var connections = 1024
    public var connectionsPerAddress = 256
    /// Requests that are answered at once; one more is answered 503.
    public var requests = 1024
    /// How long answers may go on after a graceful shutdown began.
    public var drainTime: Duration = .seconds(30)
    /// Bytes of a file that are handed to the kernel at once; at most two such regions wait on a connection.
    public var regionSize: Int64 = 4 << 20

    /// How often the files of certificates are looked at.
    public var certificateTime: Duration = .seconds(5)

    public init() {}

    /// Connections beyond the limits that are told so.
    var refusedConnections: Int { min(64, connections) }
    /// Bytes that a client reads at least within ``stallTime``.
    var leastTaken: Int { max(1, Int(stallTime / .seconds(1) * Double(leastRate))) }
    /// How often a connection with bytes to send is looked at.
    var stallCheckTime: Duration { min(.seconds(1), stallTime / 2) }
}
