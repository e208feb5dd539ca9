import Content
import SystemPackage

/// How this node stands with containerd.
public struct ContainerdStatus: Codable, Sendable, Equatable {
    /// `off`: nobody wants it; `searching`: there is none so far; `following`; `lost`: it was there, and is away.
    public var state: String
    /// What containerd says that it is, where it listens, and the namespaces followed; while it is followed.
    public var version: String?
    public var socket: String?
    public var namespaces: [String]
    /// Names of images in them, and blobs that are offered.
    public var images: Int
    public var blobs: Int
    /// Why it is not followed, or not at its best.
    public var reason: String?

    /// Makes the record of its parts.
    public init(
        state: String, version: String? = nil, socket: String? = nil, namespaces: [String] = [], images: Int = 0,
        blobs: Int = 0, reason: String? = nil
    ) {
        self.state = state
        self.version = version
        self.socket = socket
        self.namespaces = namespaces
        self.images = images
        self.blobs = blobs
        self.reason = reason
    }

    /// Whether what it holds is known now.
    public var isConnected: Bool { state == "following" }
}

extension ContainerdStatus {
    init(_ state: ContainerdState) {
        switch state {
        case .off: self.init(state: "off")
        case .searching(let reason): self.init(state: "searching", reason: reason)
        case .lost(let reason): self.init(state: "lost", reason: reason)
        case .following(let following):
            var reason: String?
            if case .unreadable(let why) = following.files { reason = why }
            self.init(
                state: "following", version: following.version, socket: following.socket.string,
                namespaces: following.namespaces, images: following.images, blobs: following.blobs, reason: reason)
        }
    }
}
