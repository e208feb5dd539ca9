/// A node as something other than its beacon tells of it: mDNS, a line of the configuration, a name in DNS, another node.
struct Sighting: Sendable {
    /// Who tells.
    var source: Peer.Source
    /// Nil where only the address is known: then `GET /v1/node` is asked who is there.
    var id: NodeID?
    /// Host name, for people.
    var name: String?
    /// Where its HTTP endpoint may be.
    var addresses: [PeerAddress]
    var epoch: UInt64?
    /// Of its inventory, in that epoch.
    var version: UInt64?
    /// Beginnings of the newest digests that it holds.
    var newest: [DigestPrefix]

    init(
        source: Peer.Source, id: NodeID? = nil, name: String? = nil, addresses: [PeerAddress], epoch: UInt64? = nil,
        version: UInt64? = nil, newest: [DigestPrefix] = []
    ) {
        self.source = source
        self.id = id
        self.name = name
        self.addresses = addresses
        self.epoch = epoch
        self.version = version
        self.newest = newest
    }
}
