public import SystemPackage

/// Who this node is: an id that lives as long as `data_dir`, and an epoch that grows by one at each start.
public struct NodeIdentity: Sendable, Equatable {
    public let id: NodeID
    /// The host's name, for people.
    public let name: String
    /// Counts the starts of this node; never 0. What a peer learnt in an earlier epoch no longer counts.
    public let epoch: UInt64
    /// A line for the log where the identity could not simply be taken up, else nil.
    public let warning: String?

    public init(id: NodeID, name: String, epoch: UInt64, warning: String? = nil) {
        self.id = id
        self.name = name.isEmpty ? id.hex : name
        self.epoch = epoch
        self.warning = warning
    }

    /// Takes up the identity in `data_dir/node.json`, or makes a new one, and writes the new epoch before it returns,
    /// atomically: no epoch is ever used twice.
    ///
    /// A damaged file is moved aside to `node.json.damaged` and the node gets a new id; `warning` says so. The new id
    /// begins at epoch 1: peers compare epochs only within one id.
    public static func load(dataDirectory: FilePath, name: String) throws(DiscoveryError) -> NodeIdentity {
        let file = IdentityFile(path: dataDirectory.appending("node.json"))
        let found = try file.read()
        let identity =
            switch found {
            case .missing:
                NodeIdentity(id: .random(), name: name, epoch: 1)
            case .intact(let id, let epoch):
                NodeIdentity(id: id, name: name, epoch: epoch + 1)
            case .damaged(let reason):
                NodeIdentity(id: .random(), name: name, epoch: 1, warning: try file.moveAside(because: reason))
            }
        try file.write(id: identity.id, epoch: identity.epoch)
        return identity
    }
}
