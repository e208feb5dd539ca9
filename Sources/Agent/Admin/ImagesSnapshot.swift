public import OCI

/// The images that this node knows by name: the answer of `/api/v1/images`.
public struct ImagesSnapshot: Codable, Sendable, Equatable {
    /// One name, and what it means now.
    public struct Image: Codable, Sendable, Equatable {
        public var name: String
        public var digest: Digest
        public var mediaType: MediaType
        /// Bytes of what of it is on this node.
        public var size: Int64
        /// Whether it can be pulled from this node alone.
        public var here: Bool
        /// How many nodes it can be pulled from, this one included.
        public var copies: Int
        /// Whether it was pushed, loaded or tagged here: this node keeps it.
        public var pushed: Bool
        public var pinned: Bool

        enum CodingKeys: String, CodingKey {
            case name, digest, size, here, copies, pushed, pinned
            case mediaType = "media_type"
        }

        /// Makes the record of its parts.
        public init(
            name: String, digest: Digest, mediaType: MediaType, size: Int64, here: Bool, copies: Int, pushed: Bool,
            pinned: Bool
        ) {
            self.name = name
            self.digest = digest
            self.mediaType = mediaType
            self.size = size
            self.here = here
            self.copies = copies
            self.pushed = pushed
            self.pinned = pinned
        }
    }

    public var schema = 1
    public var images: [Image]

    /// By name.
    public init(images: [Image]) {
        self.images = images.sorted { ($0.name, $0.digest) < ($1.name, $1.digest) }
    }
}
