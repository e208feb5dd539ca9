public import OCI
import Synchronization

/// Everything that this node holds: what containerd has, and Shoal's own layout. One place for whoever reads.
///
/// A blob that both have is read from containerd's file where that is proven and can be opened. Safe from any thread.
public final class NodeContent: BlobStore {
    /// Shoal's own store.
    public let layout: ImageLayout
    /// What containerd holds; nil where it is not followed.
    public let runtime: ContainerdStore?

    private let feed = ChangeFeed()
    /// Held while a change is weighed and told.
    private let telling = Mutex(())

    /// Puts the stores together. They must tell nobody else through another `NodeContent`.
    public init(layout: ImageLayout, runtime: ContainerdStore?) {
        self.layout = layout
        self.runtime = runtime
        for feed in [layout.feed, runtime?.feed] {
            feed?.observe { [weak self] change in self?.tell(change) }
        }
    }

    // MARK: Blobs

    public func open(_ digest: Digest) async throws(ContentError) -> (any BlobReader)? {
        guard let runtime, runtime.size(of: digest) != nil else { return try await layout.open(digest) }
        // The layout's copy is proven.
        if !runtime.isProven(digest), let blob = try? await layout.open(digest) { return blob }
        do throws(ContentError) {
            if let blob = try await runtime.open(digest) { return blob }
        } catch {
            guard let blob = try await layout.open(digest) else { throw error }
            return blob
        }
        return try await layout.open(digest)
    }

    public func size(of digest: Digest) -> Int64? {
        runtime?.size(of: digest) ?? layout.size(of: digest)
    }

    public func blobs() -> [BlobInfo] {
        guard let runtime else { return layout.blobs() }
        return Array(Set(runtime.blobs()).union(layout.blobs()))
    }

    /// Withdraws the blob from both stores: whoever read it does not know which one it came from.
    public func withdraw(_ digest: Digest, because reason: String) async {
        await runtime?.withdraw(digest, because: reason)
        await layout.withdraw(digest, because: reason)
    }

    /// What comes to the node and leaves it: a blob that one store lets go and the other holds has not gone. A blob that comes
    /// to the second store too is told once more.
    public func changes() -> AsyncStream<StoreChange> { feed.subscribe() }

    /// Tells a store's change, where it is one of the node. The store has made it before, so the two stores' answers are of
    /// that moment or later; a later change comes here later and is told after this one.
    private func tell(_ change: StoreChange) {
        telling.withLock { _ in
            if case .removed(let digest) = change, size(of: digest) != nil { return }
            feed.publish(change)
        }
    }

    // MARK: Images

    /// All records, by name and digest; of a name that both stores know, the one known good more recently.
    public func images() -> [ImageRecord] {
        guard let runtime else { return layout.images() }
        return Self.newest(runtime.images() + layout.images())
    }

    /// The records of one manifest, in no order.
    public func images(of digest: Digest) -> [ImageRecord] {
        Self.newest((runtime?.images(of: digest) ?? []) + layout.images(of: digest))
    }

    /// The record of a name: the one known good more recently. A digest in the name decides.
    public func image(for reference: ImageReference) -> ImageRecord? {
        [runtime?.image(for: reference), layout.image(for: reference)].compactMap(\.self)
            .max { $0.knownGood < $1.knownGood }
    }

    /// The repositories that have this content, as far as either store can tell: sorted, each once.
    public func origins(of digest: Digest) -> [Origin] {
        guard let runtime else { return layout.origins(of: digest) }
        return Set(runtime.origins(of: digest)).union(layout.origins(of: digest)).sorted()
    }

    /// What a manifest names, each once; not what those name.
    public func children(of manifest: Digest) -> [Digest] {
        let known = layout.children(of: manifest)
        return known.isEmpty ? runtime?.children(of: manifest) ?? [] : known
    }

    /// The held manifests that name this content, as far as either store can tell; not what names those.
    public func parents(of digest: Digest) -> Set<Digest> {
        guard let runtime else { return layout.parents(of: digest) }
        return layout.parents(of: digest).union(runtime.parents(of: digest))
    }

    /// The held indexes that name this content as one of their manifests, as far as either store can tell; not what names those.
    public func indexes(of digest: Digest) -> Set<Digest> {
        guard let runtime else { return layout.indexes(of: digest) }
        // Labels say that it is named, not as what.
        let named = runtime.parents(of: digest).filter { mediaType(of: $0)?.isIndex == true }
        return layout.indexes(of: digest).union(named)
    }

    /// The repositories that a manifest itself is known to be from: by what was noted when it came, or by its labels. That it is held, and
    /// what names it, say nothing of that: whoever can have an index made can have it name what is another's.
    public func homes(of manifest: Digest) -> Set<Origin> {
        Set(images(of: manifest).compactMap(\.origin)).union(runtime?.labelledOrigins(of: manifest) ?? [])
    }

    /// Whether this content is known to be a manifest: by an image's name, by an index, or because it names something.
    public func isManifest(_ digest: Digest) -> Bool {
        if !images(of: digest).isEmpty || layout.isIndexed(digest) || !children(of: digest).isEmpty { return true }
        return runtime?.parents(of: digest).contains { mediaType(of: $0)?.isIndex == true } ?? false
    }

    /// What a manifest is to be served as; nil where no image says so.
    public func mediaType(of manifest: Digest) -> MediaType? {
        (layout.images(of: manifest).first ?? runtime?.images(of: manifest).first)?.mediaType
    }

    /// Whether this agent has hashed the blob: everything that it took in itself, and what it has read of containerd's.
    public func isProven(_ digest: Digest) -> Bool {
        layout.size(of: digest) != nil || runtime?.isProven(digest) == true
    }

    /// The images of containerd's that lead to a blob, sorted.
    public func names(of digest: Digest) -> [RuntimeImageName] { runtime?.names(of: digest) ?? [] }

    private static func newest(_ records: [ImageRecord]) -> [ImageRecord] {
        struct Key: Hashable {
            var reference: ImageReference?
            var digest: Digest?
            var origin: Origin?
        }
        var newest: [Key: ImageRecord] = [:]
        for record in records {
            let key =
                record.reference.map { Key(reference: $0) } ?? Key(digest: record.digest, origin: record.origin)
            if let other = newest[key], other.knownGood >= record.knownGood { continue }
            newest[key] = record
        }
        return newest.values.map { (text: "\($0.reference?.description ?? "") \($0.digest)", record: $0) }
            .sorted { $0.text < $1.text }.map(\.record)
    }
}
