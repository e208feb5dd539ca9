/// Where a peer's HTTP endpoint is.
public struct PeerAddress: Hashable, Sendable, CustomStringConvertible {
    /// An IP literal without brackets.
    public let host: String
    public let port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `192.0.2.1:5051`, `[2001:db8::1]:5051`.
    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
