public import SystemPackage

extension NodeIdentity {
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
