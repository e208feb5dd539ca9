/// An image of containerd's, as its own tools name it: `ctr --namespace NAMESPACE images … NAME`.
public struct RuntimeImageName: Comparable, CustomStringConvertible, Hashable, Sendable {
    /// containerd's namespace: `k8s.io`, `moby`, `default`.
    public var namespace: String
    /// The name in it; a reference as a rule, but anything may be one.
    public var name: String

    /// Puts the two together.
    public init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }

    public var description: String { "\(name) (namespace \(namespace))" }

    public static func < (left: Self, right: Self) -> Bool {
        left.namespace == right.namespace ? left.name < right.name : left.namespace < right.namespace
    }
}
