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
    /// Bytes that this node received from it since the start, duplicates and manifests included.
    public var receivedBytes: Int64
    /// Whether it sent, or may have sent, wrong bytes in the last minutes.
    public var blamed: Bool

    /// Makes the record of its parts.
    public init(
        id: String, name: String, addresses: [String], state: String, sources: [String], blobs: Int,
        receivedBytes: Int64 = 0, blamed: Bool = false
    ) {
        self.id = id
        self.name = name
        self.addresses = addresses
        self.state = state
        self.sources = sources
        self.blobs = blobs
        self.receivedBytes = receivedBytes
        self.blamed = blamed
    }

    enum CodingKeys: String, CodingKey {
        case id, name, addresses, state, sources, blobs, blamed
        case receivedBytes = "received_bytes"
    }

    /// An agent of before these were counted says nothing of what came from a peer, or who is blamed.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        id = try values.decode(String.self, forKey: .id)
        name = try values.decode(String.self, forKey: .name)
        addresses = try values.decode([String].self, forKey: .addresses)
        state = try values.decode(String.self, forKey: .state)
        sources = try values.decode([String].self, forKey: .sources)
        blobs = try values.decode(Int.self, forKey: .blobs)
        receivedBytes = try values.decodeIfPresent(Int64.self, forKey: .receivedBytes) ?? 0
        blamed = try values.decodeIfPresent(Bool.self, forKey: .blamed) ?? false
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
