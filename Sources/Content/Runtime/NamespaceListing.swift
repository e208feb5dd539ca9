import OCI

/// One blob as a namespace of containerd's lists it: what is kept in mind of it.
struct ListedContent: Hashable, Sendable {
    var size: Int64
    /// When containerd took it in: seconds since 1970.
    var created: Int64
    /// What it names, by its labels for garbage collection.
    var children: [Digest] = []
    /// Where it came from, by its labels.
    var origins: [Origin] = []
}

/// One image as a namespace lists it.
struct ListedImage: Hashable, Sendable {
    /// What its name means; nil for a name that is no reference.
    var reference: ImageReference?
    var digest: Digest
    var mediaType: MediaType
    var size: Int64
    /// When the name was last made to mean this: seconds since 1970.
    var updated: Int64
}

/// All that a namespace lists.
struct NamespaceListing: Sendable {
    var images: [String: ListedImage] = [:]
    var contents: [Digest: ListedContent] = [:]
}
