/// One entry of a tar archive, by what its header and those before it say.
public struct TarEntry: Hashable, Sendable {
    /// What an entry is.
    public enum Kind: Hashable, Sendable {
        case file
        case folder
        /// To a name within the archive.
        case hardLink(to: String)
        /// To a name as seen from the entry's own folder.
        case symbolicLink(to: String)
        /// A device, a FIFO, something of a maker's own: by its type flag.
        case other(UInt8)
    }

    /// As written, with slashes and dots as they are. Where it is no UTF-8, that is replaced.
    public var name: String
    /// What it is.
    public var kind: Kind
    /// Bytes of content that follow in the archive.
    public var size: Int64

    /// Makes an entry of its parts.
    public init(name: String, kind: Kind = .file, size: Int64 = 0) {
        self.name = name
        self.kind = kind
        self.size = size
    }
}
