import Content

extension ContainerdState {
    /// What the operator should know; nil where all is well. A host without containerd is as it should be, unless a socket was named.
    func warning(isConfigured: Bool) -> String? {
        switch self {
        case .off: nil
        case .searching(let reason): isConfigured ? "containerd's content is not shared: \(reason)" : nil
        case .lost(let reason): "containerd's content is not shared while it is away: \(reason)"
        default: nil
        }
    }
}
