public import Discovery

/// Where the bytes of an answer came from.
public enum ByteSource: Hashable, Sendable {
    /// A store of this node.
    case store
    /// Another node's agent.
    case peer(NodeID)
    /// The registry of origin.
    case upstream
}
