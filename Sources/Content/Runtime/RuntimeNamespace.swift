import OCI

/// What one namespace of containerd's holds, and what of it its images need. A value without I/O.
///
/// containerd collects content that no image leads to over the labels that name its children; so what leads to what is
/// what decides whether a blob stays.
struct RuntimeNamespace: Sendable {
    private(set) var images: [String: ListedImage] = [:]
    private(set) var contents: [Digest: ListedContent] = [:]
    /// Who names a digest.
    private var parents: [Digest: [Digest]] = [:]
    /// The images that a digest is the target of.
    private var names: [Digest: [String]] = [:]
    /// One copy of each origin: thousands of blobs come from a few repositories.
    private var origins: Set<Origin> = []

    init(_ listing: NamespaceListing = NamespaceListing()) {
        contents.reserveCapacity(listing.contents.count)
        for (digest, content) in listing.contents { set(digest, content) }
        for (name, image) in listing.images { set(name, image) }
    }

    // MARK: Changes

    /// Notes a blob, or that it is gone.
    /// - Returns: Whether that is news.
    @discardableResult
    mutating func set(_ digest: Digest, _ content: ListedContent?) -> Bool {
        let old = contents[digest]
        guard old != content else { return false }
        for child in old?.children ?? [] { Self.remove(digest, from: &parents, at: child) }
        guard var content else {
            contents[digest] = nil
            return true
        }
        content.origins = content.origins.map { origins.insert($0).memberAfterInsert }
        contents[digest] = content
        for child in content.children { parents[child, default: []].append(digest) }
        return true
    }

    /// Notes an image, or that it is gone.
    /// - Returns: Whether that is news.
    @discardableResult
    mutating func set(_ name: String, _ image: ListedImage?) -> Bool {
        let old = images[name]
        guard old != image else { return false }
        if let old { Self.remove(name, from: &names, at: old.digest) }
        images[name] = image
        if let image { names[image.digest, default: []].append(name) }
        return true
    }

    private static func remove<Value: Equatable>(
        _ value: Value, from lists: inout [Digest: [Value]], at digest: Digest
    ) {
        guard let index = lists[digest]?.firstIndex(of: value) else { return }
        lists[digest]?.remove(at: index)
        if lists[digest]?.isEmpty == true { lists[digest] = nil }
    }

    // MARK: Questions

    /// The images whose target a blob is.
    func names(at digest: Digest) -> [String] { names[digest] ?? [] }

    /// Whether an image leads to a blob that is held here: then it stays for as long as the image does.
    func isKept(_ digest: Digest) -> Bool {
        guard contents[digest] != nil else { return false }
        return ancestors(of: digest) { names[$0] != nil }
    }

    /// Who names a digest, in no order.
    func parents(of digest: Digest) -> [Digest] { parents[digest] ?? [] }

    /// The images that lead to a digest, in no order.
    func imagesNeeding(_ digest: Digest) -> [String] {
        var found: [String] = []
        _ = ancestors(of: digest) { ancestor in
            found += names(at: ancestor)
            return false
        }
        return found
    }

    /// The digest, and what is held here of what it leads to.
    func tree(of digest: Digest) -> Set<Digest> {
        var found: Set<Digest> = [digest]
        var pending = [digest]
        while let next = pending.popLast() {
            for child in contents[next]?.children ?? [] where found.insert(child).inserted { pending.append(child) }
        }
        return found.filter { contents[$0] != nil }
    }

    /// Walks from a digest to those that name it, until one is what was looked for. Labels may lead in circles.
    private func ancestors(of digest: Digest, isEnough: (Digest) -> Bool) -> Bool {
        var seen: Set<Digest> = [digest]
        var pending = [digest]
        while let next = pending.popLast() {
            if isEnough(next) { return true }
            for parent in parents[next] ?? [] where seen.insert(parent).inserted { pending.append(parent) }
        }
        return false
    }
}
