/// That a file was hashed whole by this agent, and had the digest that it should have.
public struct Proof: Hashable, Sendable {
    /// The file.
    public var identity: FileIdentity
    /// When: seconds since 1970 by this node's clock.
    public var at: Int64

    /// Makes a proof of its parts.
    public init(of identity: FileIdentity, at: Int64) {
        self.identity = identity
        self.at = at
    }
}
