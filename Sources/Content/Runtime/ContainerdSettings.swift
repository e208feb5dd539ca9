public import SystemPackage

/// Which containerd is followed, and how: `[runtime.containerd]` of the configuration.
public struct ContainerdSettings: Hashable, Sendable {
    /// Its socket; nil: the usual ones in turn, containerd's own and k3s's.
    public var address: FilePath?
    /// containerd's root directory, the one that has `io.containerd.content.v1.content`; nil: containerd is asked.
    public var root: FilePath?
    /// The namespaces to follow; empty: all, those that appear later included.
    public var namespaces: [String]

    /// Makes settings; all of them default to finding out.
    public init(address: FilePath? = nil, root: FilePath? = nil, namespaces: [String] = []) {
        self.address = address
        self.root = root
        self.namespaces = namespaces
    }
}
