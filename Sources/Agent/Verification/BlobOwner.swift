/// An image that needs a blob.
public struct BlobOwner: Codable, Sendable, Hashable, CustomStringConvertible {
    /// The runtime's namespace; nil for an image in Shoal's own store.
    public var namespace: String?
    /// As the store calls it.
    public var name: String

    /// Makes the record of its parts.
    public init(namespace: String? = nil, name: String) {
        self.namespace = namespace
        self.name = name
    }

    /// The name, and the namespace where there is one.
    public var description: String { namespace.map { "\(name) (namespace \($0))" } ?? name }
}

/// Where a blob stands.
public enum BlobPlace: String, Codable, Sendable, Hashable, CaseIterable {
    /// The content store of containerd, which Shoal reads; only `shoal pull` writes there.
    case containerd
    /// Shoal's own store.
    case store
}
