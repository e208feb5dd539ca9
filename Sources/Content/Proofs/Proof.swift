/// That a file was hashed whole by this agent, and had the digest that it should have.
public struct Proof: Hashable, Sendable {
    /// The file.
    public var identity: FileIdentity
    /// When: seconds since 1970 by this node's clock.
    public var at: Int64

    /// That the file could not be read: no proof, and none may be taken for granted.
    static func doubt(of identity: FileIdentity) -> Proof { Proof(of: identity, at: .max) }

    var isDoubt: Bool { at == .max }

    /// Makes a proof of its parts.
    public init(of identity: FileIdentity, at: Int64) {
        self.identity = identity
        self.at = at
    }
}
