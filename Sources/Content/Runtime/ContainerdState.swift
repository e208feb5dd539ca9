public import SystemPackage

/// Whether containerd is being followed, for `status` and `doctor`.
public enum ContainerdState: Hashable, Sendable {
    /// Nobody asked for it.
    case off
    /// There has been none so far; the reason says where was looked and what was found.
    case searching(reason: String)
    /// What it holds is known, and kept up to date.
    case following(Following)
    /// It was followed, and is away. What it held is offered for a short while, then not.
    case lost(reason: String)

    /// What is followed, and how.
    public struct Following: Hashable, Sendable {
        /// containerd's version, as it tells it.
        public var version: String
        /// Where it listens.
        public var socket: FilePath
        /// The folder of its content store; nil where containerd does not tell.
        public var contentRoot: FilePath?
        /// How blobs are read.
        public var files: FileAccess
        /// The namespaces followed, sorted.
        public var namespaces: [String] = []
        /// How many names of images there are in them.
        public var images = 0
        /// How many blobs are offered.
        public var blobs = 0
    }

    /// How blobs are read.
    public enum FileAccess: Hashable, Sendable {
        /// Straight from containerd's files.
        case readable
        /// Through containerd, which costs ten times the processor time; the reason says why, and what to do.
        case unreadable(reason: String)
    }
}

extension ContainerdState: CustomStringConvertible {
    public var description: String {
        switch self {
        case .off: "off"
        case .searching(let reason): "searching: \(reason)"
        case .lost(let reason): "lost: \(reason)"
        case .following(let following):
            "containerd \(following.version) at \(following.socket), \(following.images) images and "
                + "\(following.blobs) blobs in \(following.namespaces.count) namespaces, files \(following.files)"
        }
    }
}

extension ContainerdState.FileAccess: CustomStringConvertible {
    public var description: String {
        switch self {
        case .readable: "readable"
        case .unreadable(let reason): "unreadable: \(reason)"
        }
    }
}
