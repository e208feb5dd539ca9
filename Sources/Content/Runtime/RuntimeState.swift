import OCI

/// All that is known of what containerd holds, without asking it. A value; the store keeps it under a lock.
///
/// A blob is held while any namespace has it. Whether it is offered depends on its file as well.
struct RuntimeState: Sendable {
    private(set) var namespaces: [String: RuntimeNamespace] = [:]
    private(set) var blobs: [Digest: HeldBlob] = [:]
    private(set) var damage: [Digest: Damage] = [:]
    /// How many blobs are offered.
    private(set) var offeredCount = 0

    /// Takes in what a look found.
    /// - Parameter isDoubtful: whether a blob must be held back until it is proven, by its digest and file.
    mutating func apply(
        _ update: RuntimeUpdate, isDoubtful: (Digest, FileIdentity) -> Bool
    ) -> RuntimeNews {
        var touched = Touched()
        if let present = update.namespaces {
            for name in namespaces.keys where !present.contains(name) { remove(namespace: name, &touched) }
        }
        for (name, listing) in update.listings { replace(name, listing, &touched) }
        for (namespace, contents) in update.contents {
            for (digest, content) in contents where set(digest, content, in: namespace) {
                touched.blobs.insert(digest)
                touched.images = true
            }
        }
        for (name, image) in update.images { set(image, as: name, &touched) }
        touched.blobs.formUnion(update.files.keys)
        var news = RuntimeNews()
        for digest in touched.blobs { settle(digest, update.files[digest], isDoubtful, &touched, &news) }
        news.released = touched.released.filter { digest in
            blobs[digest] != nil && !namespaces.values.contains { $0.isKept(digest) }
        }
        if touched.images { news.changes.append(.images) }
        return news
    }

    /// containerd is away for good: nothing is held any more. What is known to be damaged is remembered.
    mutating func forget() -> RuntimeNews {
        var news = RuntimeNews()
        let hadImages = namespaces.values.contains { !$0.images.isEmpty }
        for (digest, blob) in blobs where blob.isOffered { news.changes.append(.removed(digest)) }
        if hadImages { news.changes.append(.images) }
        (namespaces, blobs, offeredCount) = ([:], [:], 0)
        return news
    }

    /// A blob was read and its bytes are wrong.
    mutating func withdraw(_ digest: Digest, because reason: String) -> RuntimeNews {
        guard let blob = blobs[digest] else { return RuntimeNews() }
        damage[digest] = Damage(identity: blob.identity, reason: reason)
        return judge(digest) { _, _ in false }
    }

    /// A blob's file was looked at, or hashed: whether it is offered is decided anew.
    mutating func judge(
        _ digest: Digest, _ file: BlobFile? = nil, isDoubtful: (Digest, FileIdentity) -> Bool
    ) -> RuntimeNews {
        var touched = Touched()
        var news = RuntimeNews()
        settle(digest, file, isDoubtful, &touched, &news)
        if touched.images { news.changes.append(.images) }
        return news
    }

    // MARK: What is touched

    private struct Touched {
        var blobs: Set<Digest> = []
        var released: Set<Digest> = []
        var images = false
    }

    private mutating func remove(namespace name: String, _ touched: inout Touched) {
        guard let namespace = namespaces.removeValue(forKey: name) else { return }
        touched.blobs.formUnion(namespace.contents.keys)
        if !namespace.images.isEmpty { touched.images = true }
    }

    private mutating func replace(_ name: String, _ listing: NamespaceListing, _ touched: inout Touched) {
        let old = namespaces[name] ?? RuntimeNamespace()
        let new = RuntimeNamespace(listing)
        namespaces[name] = new
        for digest in old.contents.keys where new.contents[digest] == nil { touched.blobs.insert(digest) }
        for (digest, content) in new.contents where old.contents[digest] != content { touched.blobs.insert(digest) }
        if old.images != new.images || !touched.blobs.isEmpty { touched.images = true }
        for (imageName, image) in old.images where new.images[imageName]?.digest != image.digest {
            touched.released.formUnion(old.tree(of: image.digest))
        }
    }

    private mutating func set(_ digest: Digest, _ content: ListedContent?, in namespace: String) -> Bool {
        namespaces[namespace, default: RuntimeNamespace()].set(digest, content)
    }

    private mutating func set(_ image: ListedImage?, as name: RuntimeImageName, _ touched: inout Touched) {
        var namespace = namespaces[name.namespace] ?? RuntimeNamespace()
        namespaces[name.namespace] = nil  // changed in place, not copied
        defer { namespaces[name.namespace] = namespace }
        let old = namespace.images[name.name]
        let oldTree = old.flatMap { $0.digest == image?.digest ? nil : namespace.tree(of: $0.digest) }
        guard namespace.set(name.name, image) else { return }
        touched.images = true
        if let oldTree { touched.released.formUnion(oldTree) }
    }

    // MARK: What is offered

    private mutating func settle(
        _ digest: Digest, _ file: BlobFile?, _ isDoubtful: (Digest, FileIdentity) -> Bool,
        _ touched: inout Touched, _ news: inout RuntimeNews
    ) {
        let old = blobs[digest]
        guard let content = namespaces.values.lazy.compactMap({ $0.contents[digest] }).first else {
            blobs[digest] = nil
            damage[digest] = nil
            if old?.isOffered == true { note(.removed(digest), &touched, &news) }
            return
        }
        let identity: FileIdentity =
            switch file {
            case .there(let identity): identity
            case .missing, nil: old?.identity ?? .committed(size: content.size, at: content.created)
            case .unknown: .committed(size: content.size, at: content.created)
            }
        if identity.size != content.size, damage[digest]?.identity != identity {
            let reason = "its file has \(identity.size) bytes instead of \(content.size)"
            damage[digest] = Damage(identity: identity, reason: reason)
            news.damaged[digest] = damage[digest]
        }
        if let known = damage[digest], known.identity != identity { damage[digest] = nil }
        let standing: HeldBlob.Standing =
            if damage[digest] != nil {
                .damaged
            } else if file == .missing || file == nil && old?.standing == .missing {
                .missing
            } else if isDoubtful(digest, identity) {
                .heldBack
            } else {
                .offered
            }
        let new = HeldBlob(size: content.size, identity: identity, standing: standing)
        blobs[digest] = new
        switch (old?.isOffered ?? false, new.isOffered) {
        case (false, true): note(.added(BlobInfo(digest: digest, size: new.size)), &touched, &news)
        case (true, false): note(.removed(digest), &touched, &news)
        // Another file is not proven, though the one before was.
        case (true, true): if old?.identity != identity { touched.images = true }
        case (false, false): break
        }
    }

    private mutating func note(_ change: StoreChange, _ touched: inout Touched, _ news: inout RuntimeNews) {
        if case .added(let blob) = change {
            offeredCount += 1
            if isTarget(blob.digest) { touched.images = true }
        } else if case .removed(let digest) = change {
            offeredCount -= 1
            if isTarget(digest) { touched.images = true }
        }
        news.changes.append(change)
    }

    private func isTarget(_ digest: Digest) -> Bool {
        namespaces.values.contains { !$0.names(at: digest).isEmpty }
    }
}
