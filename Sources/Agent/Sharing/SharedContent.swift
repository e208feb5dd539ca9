import Content
import OCI
import Registry

/// What a node holds, as the rule of trust looks at it.
struct SharedContent {
    /// Manifests and indexes, by their names and by those of the repositories that they came from.
    var images: [ImageRecord]
    /// All that is held.
    var blobs: [BlobInfo]
    /// What a held manifest names, as far as is known.
    var children: (Digest) -> [Digest]
    /// The repositories that content came from, as labels and manifests tell it.
    var origins: (Digest) -> [Origin]
    /// The repositories that a manifest itself is from, whatever names it: `NodeContent.homes(of:)`.
    var homes: (Digest) -> Set<Origin>
    /// Whether this node has hashed the blob itself.
    var isProven: (Digest) -> Bool
    /// The names of the local namespace, deleted ones too. Where an image has one of them this word holds.
    var localNames: [NameRecord] = []
}
