public import SystemPackage

/// The path of a Unix socket: short enough for the kernel, which takes 107 bytes (unix(7)).
public struct SocketPath: Hashable, Sendable, CustomStringConvertible {
    static let limit = 107

    /// The socket's file.
    public let path: FilePath

    /// Reads a path that is neither empty nor too long.
    public init?(text: String) {
        guard let path = FilePath(text: text), text.utf8.count <= Self.limit else { return nil }
        self.path = path
    }

    /// A path written down in the program.
    init(known path: FilePath) {
        self.path = path
    }

    /// The path as text.
    public var description: String { path.string }
}

extension SocketPath: ConfigurationText {
    static var typeName: String { "path" }
    static var expectation: String { "a path of at most \(limit) bytes such as \"/run/shoal/shoal.sock\"" }
}
