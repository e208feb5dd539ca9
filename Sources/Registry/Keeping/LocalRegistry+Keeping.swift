import Content
public import OCI
import Synchronization
import Transfer

/// What stays, and what is collected.
extension LocalRegistry {
    /// What a collection found.
    public struct Collection: Sendable, Codable {
        /// Blobs that went, or would go.
        public var blobs: [Blob]
        public var bytes: Int64
        /// Uploads that were given up.
        public var uploads: Int
        public var isDry: Bool

        public struct Blob: Sendable, Codable {
            public var digest: Digest
            public var size: Int64
        }
    }

    func keepPlan(recent: Set<Digest>, grace: Int64? = nil, now: Int64 = WallClock.now) -> KeepPlan {
        let table = names.table
        let layout = content.layout
        return KeepPlan(
            names: table.all, pinned: table.pins.compactMap { pinned($0, table) }, recent: recent,
            grace: grace ?? limits.grace.components.seconds, now: now,
            children: { layout.children(reading: $0, as: $1) })
    }

    private func pinned(_ image: ImageReference, _ table: NameTable) -> Digest? {
        if let name = LocalName(image), let record = table[name] { return record.isDeleted ? nil : record.digest }
        return content.image(for: image)?.digest ?? image.digest
    }

    /// Tells the store what must not go.
    public func keep() {
        let now = WallClock.now
        let decision = content.layout.beginKeeping()
        content.layout.keep(keepPlan(recent: recentBlobs(now: now), now: now).kept, as: decision)
    }

    /// Removes from this node's own store what no name, no pin and nothing under way leads to.
    ///
    /// What was fetched from registries stays while an image of that registry is known; it goes when room is needed. What containerd
    /// holds is containerd's.
    /// - Parameters:
    ///   - grace: what is younger stays (seconds); nil: as configured. What pushes and loads under way rely on stays whatever it is.
    ///   - isDry: only tells.
    public func collect(grace: Int64? = nil, isDry: Bool = false) async throws -> Collection {
        let now = WallClock.now
        let grace = grace ?? limits.grace.components.seconds
        if !isDry { await hearOthers() }
        // What a push comes to rely on from here on stays, whatever is decided.
        let decision = content.layout.beginKeeping()
        let plan = keepPlan(recent: recentBlobs(now: now, grace: grace), grace: grace, now: now)
        let kept = plan.kept
        if !isDry {
            let forgotten = plan.forgotten(kept)
            if !forgotten.isEmpty {
                let seen = Dictionary(plan.names.map { ($0.name, $0) }, uniquingKeysWith: { one, _ in one })
                let gone = try await names.change { table in
                    // Who has pushed it again meanwhile has it.
                    let gone = forgotten.filter { table[$0] == seen[$0] }
                    for name in gone { table.forget(name) }
                    return gone
                }
                for name in gone { try? await content.layout.forget(name.image) }
            }
            content.layout.keep(kept, as: decision)
        }
        let referred = referred(kept, plan)
        var gone: [Collection.Blob] = []
        for blob in content.layout.blobs() where !referred.contains(blob.digest) {
            guard let arrived = content.layout.arrived(blob.digest), now - arrived >= grace else { continue }
            if !isDry {
                guard try await content.layout.deleteUnlessKept(blob.digest, since: decision) else { continue }
            }
            gone.append(.init(digest: blob.digest, size: blob.size))
        }
        let uploads = isDry ? 0 : uploads.expire(now: now)
        let bytes = gone.reduce(0) { $0 + $1.size }
        if !isDry, !gone.isEmpty { tell(.collected(blobs: gone.count, bytes: bytes)) }
        return Collection(
            blobs: gone.sorted { $0.digest < $1.digest }, bytes: bytes, uploads: uploads, isDry: isDry)
    }

    /// Everything that a name leads to, whoever gave it.
    private func referred(_ kept: Set<Digest>, _ plan: KeepPlan) -> Set<Digest> {
        var referred: Set<Digest> = []
        var pending: [(Digest, MediaType?)] = []
        for image in content.images() {
            // Names of the local namespace count as the book has them.
            if let name = image.reference.flatMap(LocalName.init), isListed(image, as: name) { continue }
            pending.append((image.digest, image.mediaType))
        }
        pending += content.layout.foreign().map { ($0.digest, $0.mediaType) }
        pending += plan.names.filter { !$0.isDeleted && $0.name.reference.tag != nil }.map { ($0.digest, $0.mediaType) }
        while let (digest, type) = pending.popLast() {
            guard referred.insert(digest).inserted else { continue }
            let known = plan.children(digest, type)
            pending += (known.isEmpty ? content.children(of: digest) : known).map { ($0, nil) }
        }
        referred.formUnion(kept)
        return referred
    }

    /// Whether a record is this node's own listing of a name, and not an image that the runtime has.
    private func isListed(_ image: ImageRecord, as name: LocalName) -> Bool {
        content.layout.images(of: image.digest).contains { $0.reference == name.image }
    }
}
