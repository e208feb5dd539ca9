public import Discovery

extension PeerStatus {
    /// What the directory knows of a peer.
    public init(_ peer: Peer) {
        self.init(
            id: peer.id.description, name: peer.name, addresses: peer.addresses.map(\.description),
            state: peer.state.rawValue, sources: Peer.Source.allCases.filter(peer.sources.contains).map(\.rawValue),
            blobs: peer.blobs)
    }
}
