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
}
