import OCI

/// What a look at containerd found.
struct RuntimeUpdate: Sendable {
    /// The namespaces that there are, where that was asked: what was known of others is gone.
    var namespaces: Set<String>?
    /// Namespaces that were looked at as a whole.
    var listings: [String: NamespaceListing] = [:]
    /// Single images; nil for one that is gone.
    var images: [RuntimeImageName: ListedImage?] = [:]
    /// Single blobs, by namespace; nil for one that is gone.
    var contents: [String: [Digest: ListedContent?]] = [:]
    /// What was found of their files.
    var files: [Digest: BlobFile] = [:]

    /// Every blob that the look has found.
    var digests: Set<Digest> {
        var digests: Set<Digest> = []
        for listing in listings.values { digests.formUnion(listing.contents.keys) }
        for contents in contents.values {
            for (digest, content) in contents where content != nil { digests.insert(digest) }
        }
        return digests
    }
}

/// What an update made of what was known.
struct RuntimeNews: Sendable {
    /// For the store's subscribers, in this order.
    var changes: [StoreChange] = []
    /// Blobs that an image needed before and none needs now: containerd is about to collect them.
    var released: Set<Digest> = []
    /// Blobs whose files turned out to have the wrong size.
    var damaged: [Digest: Damage] = [:]
}
