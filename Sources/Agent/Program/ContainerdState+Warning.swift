import Content

extension ContainerdState {
    /// What the operator should know; nil where all is well.
    /// - Parameter isNamed: whether the configuration names a socket. A host without containerd is as it should be, unless one is named.
    func warning(isNamed: Bool) -> String? {
        switch self {
        case .off:
            nil
        case .searching(let reason):
            isNamed ? "what containerd holds is not shared: \(reason)" : nil
        case .lost(let reason):
            "what containerd holds is not shared for as long as it is away: \(reason)"
        case .following(let following):
            if case .unreadable(let reason) = following.files {
                "containerd's files cannot be read, which makes sharing them slow: \(reason)"
            } else {
                nil
            }
        }
    }
}
