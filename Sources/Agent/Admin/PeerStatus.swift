/// Another node's agent as this one knows it.
public struct PeerStatus: Codable, Sendable, Equatable {
    /// 32 hexadecimal digits.
    public var id: String
    /// What the peer calls itself: a stranger's text.
    public var name: String
    /// `address:port`, best first.
    public var addresses: [String]
    /// `alive` or `suspect`.
    public var state: String
    /// How it was found: `mdns`, `broadcast`, `static`, `dns`, `introduced`.
    public var sources: [String]
    /// How many blobs it is known to hold.
    public var blobs: Int

    /// Makes the record of its parts.
    public init(id: String, name: String, addresses: [String], state: String, sources: [String], blobs: Int) {
        self.id = id
        self.name = name
        self.addresses = addresses
        self.state = state
        self.sources = sources
        self.blobs = blobs
    }
}

/// The answer of `/api/v1/peers`.
public struct PeersSnapshot: Codable, Sendable, Equatable {
    public var schema = 1
    public var peers: [PeerStatus]

    /// The peers of a status.
    public init(peers: [PeerStatus]) {
        self.peers = peers
    }
}
