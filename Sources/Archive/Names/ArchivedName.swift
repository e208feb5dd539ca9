/// What an archive calls an image.
public enum ArchivedName: Hashable, Sendable, CustomStringConvertible {
    /// A name as it is written there: `docker.io/library/nginx:1.27`, `team/app:v1`. Nothing is checked.
    case name(String)
    /// A tag alone, as OCI's layouts often have it: of which repository is not said.
    case tag(String)

    /// What an annotation `org.opencontainers.image.ref.name` says: with neither a slash nor a colon in it that is a tag (OCI image
    /// specification, `annotations.md`).
    public init(refName text: String) {
        let isTag = !text.utf8.contains {
            $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "@")
        }
        self = isTag ? .tag(text) : .name(text)
    }

    /// As it is written.
    public var description: String {
        switch self {
        case .name(let text), .tag(let text): text
        }
    }
}
