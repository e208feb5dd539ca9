public import SystemPackage

/// `runtime.containerd.address`: how containerd is found.
public enum RuntimeSocket: Hashable, Sendable, CustomStringConvertible {
    /// containerd's and k3s's usual sockets are tried.
    case auto
    /// Its socket.
    case socket(SocketPath)

    /// As in the file.
    public var description: String {
        switch self {
        case .auto: "auto"
        case .socket(let path): path.description
        }
    }
}

extension RuntimeSocket: ConfigurationText {
    static var typeName: String { "`\"auto\"` or path" }
    static var expectation: String {
        "\"auto\" or the absolute path of a socket such as \"/run/containerd/containerd.sock\""
    }

    init?(text: String) {
        if text == "auto" {
            self = .auto
        } else if let socket = SocketPath(text: text), socket.path.isAbsolute {
            self = .socket(socket)
        } else {
            return nil
        }
    }
}

/// `runtime.containerd.root`: where containerd keeps its content.
public enum RuntimeRoot: Hashable, Sendable, CustomStringConvertible {
    /// containerd is asked.
    case auto
    /// A folder.
    case folder(FilePath)

    /// As in the file.
    public var description: String {
        switch self {
        case .auto: "auto"
        case .folder(let path): path.string
        }
    }
}

extension RuntimeRoot: ConfigurationText {
    static var typeName: String { "`\"auto\"` or path" }
    static var expectation: String { "\"auto\" or the absolute path of a folder such as \"/var/lib/containerd\"" }

    init?(text: String) {
        if text == "auto" {
            self = .auto
        } else if let path = FilePath(text: text), path.isAbsolute {
            self = .folder(path)
        } else {
            return nil
        }
    }
}
