import OCI

/// What a layout holds, in memory: blobs in the order of their use, the catalog of images, and which manifest names what.
///
/// A value without I/O. Recency is a number that grows with each use.
struct LayoutCatalog: Sendable {
    struct Blob: Sendable {
        var size: Int64
        var used: UInt64
    }

    private(set) var blobs: [Digest: Blob] = [:]
    private(set) var bytes: Int64 = 0
    private(set) var images: [ImageRecord] = []
    /// Entries of `index.json` that other programs made: kept as they are.
    var foreign: [Descriptor] = []
    /// What the held manifests name.
    private(set) var children: [Digest: [Digest]] = [:]
    private var turn: UInt64 = 0

    // MARK: Blobs

    mutating func add(_ digest: Digest, size: Int64) {
        remove(digest)
        turn += 1
        blobs[digest] = Blob(size: size, used: turn)
        bytes += size
    }

    /// - Returns: whether records of images went with it.
    @discardableResult
    mutating func remove(_ digest: Digest) -> Bool {
        guard let blob = blobs.removeValue(forKey: digest) else { return false }
        bytes -= blob.size
        children[digest] = nil
        let count = images.count + foreign.count
        images.removeAll { $0.digest == digest }
        foreign.removeAll { $0.digest == digest }
        return images.count + foreign.count < count
    }

    mutating func use(_ digest: Digest) {
        turn += 1
        blobs[digest]?.used = turn
    }

    /// The blobs used longest ago that together have `needed` bytes, or all there are.
    func leastUsed(freeing needed: Int64, keeping kept: Digest? = nil) -> [Digest] {
        guard needed > 0 else { return [] }
        var freed: Int64 = 0
        var result: [Digest] = []
        for (digest, blob) in blobs.sorted(by: { $0.value.used < $1.value.used }) where digest != kept {
            guard freed < needed else { break }
            result.append(digest)
            freed += blob.size
        }
        return result
    }

    // MARK: Images

    mutating func setChildren(of manifest: Digest, _ named: [Digest]) {
        children[manifest] = named
    }

    /// Inserts a record, or updates the one of the same tag, or of the same untagged manifest of the same origin.
    mutating func record(_ new: ImageRecord) {
        if let isPublic = new.isPublic {
            // The answer is about the manifest, whatever tags lead to it.
            for index in images.indices where images[index].digest == new.digest && images[index].origin == new.origin {
                images[index].isPublic = isPublic
                images[index].checkedAt = new.checkedAt
            }
        }
        guard let reference = new.reference else {
            guard !images.contains(where: { $0.digest == new.digest && $0.origin == new.origin }) else { return }
            images.append(new)
            return
        }
        images.removeAll { $0.reference == nil && $0.digest == new.digest && $0.origin == new.origin }
        guard let index = images.firstIndex(where: { $0.reference == reference }) else {
            images.append(new)
            return
        }
        var old = images[index]
        images[index] = new
        // A tag that moved leaves its old manifest known: its blobs are still held and may be shared.
        if old.digest != new.digest, !images.contains(where: { $0.digest == old.digest && $0.origin == old.origin }) {
            old.reference = nil
            images.append(old)
        }
    }

    func image(for reference: ImageReference) -> ImageRecord? {
        images.first { $0.reference == reference }
    }

    func origins(of blob: Digest) -> [Origin] {
        var origins: Set<Origin> = []
        for image in images {
            guard let origin = image.origin, !origins.contains(origin) else { continue }
            if names(image.digest, blob) { origins.insert(origin) }
        }
        return origins.sorted()
    }

    private func names(_ manifest: Digest, _ blob: Digest) -> Bool {
        manifest == blob
            || children[manifest]?.contains { $0 == blob || children[$0]?.contains(blob) ?? false } ?? false
    }

    /// The content of `index.json`.
    var index: ImageIndex {
        ImageIndex(schemaVersion: 2, mediaType: .ociIndex, manifests: images.map(\.descriptor) + foreign)
    }
}
