/// Another node's agent, as the directory knew it when asked.
public struct Peer: Sendable, Identifiable, Equatable {
    public enum State: String, Sendable, Codable {
        /// Heard lately; worth asking.
        case alive
        /// Silent, or it refused a connection; not asked until it is heard again.
        case suspect
    }

    /// How this node came to know of it.
    public enum Source: String, Sendable, Codable, CaseIterable {
        case mdns
        case broadcast
        case `static`
        case dns
        case introduced
    }

    public let id: NodeID
    /// Host name, for people; what the peer says, so it may be anything printable.
    public let name: String
    /// Best first.
    public let addresses: [PeerAddress]
    public let epoch: UInt64
    /// Of its inventory, as far as it is known here.
    public let version: UInt64
    public let state: State
    public let sources: Set<Source>
    /// Blobs of it that are known here.
    public let blobs: Int

    public init(
        id: NodeID, name: String, addresses: [PeerAddress], epoch: UInt64, version: UInt64, state: State,
        sources: Set<Source>, blobs: Int
    ) {
        self.id = id
        self.name = name
        self.addresses = addresses
        self.epoch = epoch
        self.version = version
        self.state = state
        self.sources = sources
        self.blobs = blobs
    }
}

/// What came of asking a peer for something.
public enum PeerOutcome: Sendable, Equatable {
    case worked
    /// No connection: refused, or no route.
    case refused
    /// No connection, or no answer, in time.
    case timedOut
    /// The connection or the answer broke off.
    case broke
}
