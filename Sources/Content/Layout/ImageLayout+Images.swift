import Integrity
import Logging
public import OCI
import Synchronization

/// The catalog of images: `index.json`.
extension ImageLayout {
    /// Notes an image, or what is new about it; see `Catalog` for what replaces what. On return it is on disk.
    ///
    /// Cancelling the task does not stop it.
    /// - Throws: `.notFound` where the manifest is not held: ``put(_:as:)`` comes first. `.sizeMismatch` where it has
    ///   another size. `.noSpace` and `.io` where `index.json` cannot be written; the record is known then all the same,
    ///   and written with the next one.
    public func record(_ image: ImageRecord) async throws(ContentError) {
        try await BlockingWork.run { () throws(ContentError) in
            self.learn(image.digest, as: image.mediaType)
            try self.change { (state) throws(ContentError) in
                guard let size = state.ledger.size(of: image.digest) else {
                    throw ContentError(.notFound, "\(image.digest) is not in the store; put it there before its record")
                }
                guard size == image.size else {
                    throw ContentError(
                        .sizeMismatch, "\(image.digest) has \(size) bytes; its record says \(image.size)")
                }
                state.catalog.record(image)
            }
        }
    }

    /// Forgets a name; its manifest stays. One that is not known is as good.
    /// - Throws: `.noSpace` and `.io` where `index.json` cannot be written; it is forgotten all the same.
    public func forget(_ reference: ImageReference) async throws(ContentError) {
        try await BlockingWork.run { () throws(ContentError) in
            try self.change { (state) throws(ContentError) in state.catalog.forget(reference) }
        }
    }

    /// Notes images and forgets names, with one write for all. What is not held as its record says is passed over.
    ///
    /// Cancelling the task does not stop it.
    /// - Throws: `.noSpace` and `.io` where `index.json` cannot be written; all is known then all the same.
    public func record(_ images: [ImageRecord], forgetting names: [ImageReference]) async throws(ContentError) {
        try await BlockingWork.run { () throws(ContentError) in
            for image in images { self.learn(image.digest, as: image.mediaType) }
            try self.change { (state) throws(ContentError) in
                for name in names { state.catalog.forget(name) }
                for image in images where state.ledger.size(of: image.digest) == image.size {
                    state.catalog.record(image)
                }
            }
        }
    }

    /// All records, by name and digest.
    public func images() -> [ImageRecord] {
        state.withLock { $0.catalog.images() }
    }

    /// The records of one manifest, in no order.
    public func images(of digest: Digest) -> [ImageRecord] {
        state.withLock { $0.catalog.images(of: digest) }
    }

    /// The records whose manifests lead to a blob, in no order.
    public func images(needing blob: Digest) -> [ImageRecord] {
        state.withLock { state in state.graph.ancestors(of: blob).flatMap { state.catalog.images(of: $0) } }
    }

    /// The record of a name. A digest in it decides: any record of that manifest in that repository will do.
    public func image(for reference: ImageReference) -> ImageRecord? {
        state.withLock { $0.catalog.image(for: reference) }
    }

    /// The repositories that have this content, as the manifests held tell it: sorted, each once.
    public func origins(of blob: Digest) -> [Origin] {
        state.withLock { $0.catalog.origins(of: $0.graph.ancestors(of: blob)) }
    }

    /// What a held manifest names: manifests, configuration and layers, each once, not what those name; foreign layers
    /// excluded. Empty where it is not known to be a manifest.
    public func children(of manifest: Digest) -> [Digest] {
        state.withLock { $0.graph.children(of: manifest) }
    }

    /// The held manifests that name this content; not what names those.
    public func parents(of digest: Digest) -> Set<Digest> {
        state.withLock { $0.graph.parents(of: digest) }
    }

    /// The held indexes that name this content as one of their manifests; not what names those.
    public func indexes(of digest: Digest) -> Set<Digest> {
        state.withLock { $0.graph.indexes(of: digest) }
    }

    /// Whether an index that is held names this content as a manifest, and not as something of another type.
    public func isIndexed(_ digest: Digest) -> Bool {
        state.withLock { $0.graph.manifestType(of: digest)?.isManifestOrIndex == true }
    }

    /// As ``children(of:)``; where there was no room to keep that in mind, the manifest is read again. Blocks then.
    public func children(reading manifest: Digest, as mediaType: MediaType?) -> [Digest] {
        let (known, isKnown, type) = state.withLock { state in
            (
                state.graph.children(of: manifest), state.graph.knows(manifest),
                mediaType ?? state.catalog.images(of: manifest).first?.mediaType
                    ?? state.graph.manifestType(of: manifest)
            )
        }
        guard !isKnown, let type, type.isManifestOrIndex, let document = document(manifest, type) else { return known }
        return document.children.filter { !$0.isForeign }.map(\.digest) + document.blobs.map(\.digest)
    }

    /// What other programs have put into `index.json`.
    public func foreign() -> [Descriptor] { state.withLock { $0.catalog.foreign } }

    private func change(_ body: (inout LayoutState) throws(ContentError) -> Void) throws(ContentError) {
        let isChanged = try state.withLock { state throws(ContentError) in
            let before = state.catalog.version
            try body(&state)
            return state.catalog.version != before
        }
        if isChanged { feed.publish(.images) }
        let count = state.withLock { $0.catalog.count }
        try lettingGo(IndexDocument.roomToWrite(count)) { () throws(ContentError) in try writeIndex() }
    }

    /// Brings `index.json` up to date. Those who come while it is being written are served by one write.
    func writeIndex() throws(ContentError) {
        try index.withLock { index throws(ContentError) in
            let (document, version) = state.withLock { ($0.catalog.document(), $0.catalog.version) }
            guard index.version != version else { return }
            try files.replace(paths.index, document.encoded(&index.written))
            index.version = version
        }
    }

    /// Reads a manifest that is held, to know what it names; and of an index, those of its manifests that are held.
    func learn(_ digest: Digest, as mediaType: MediaType) {
        var pending = [(digest: digest, mediaType: mediaType)]
        while let next = pending.popLast() {
            guard !state.withLock({ $0.graph.knows(next.digest) }),
                let document = document(next.digest, next.mediaType)
            else { continue }
            let (isLearned, manifests) = state.withLock { state in
                // Let go while it was read: what is not held is not known.
                guard state.ledger.size(of: next.digest) != nil else { return (true, [] as [Descriptor]) }
                let isLearned = state.graph.learn(document, as: next.digest)
                return (isLearned, document.children.filter { state.ledger.size(of: $0.digest) != nil })
            }
            if !isLearned {
                logger.warning(
                    "the manifests held name more content than is kept in mind; the origins of some blobs stay unknown",
                    metadata: ["digest": "\(next.digest)"])
            }
            pending += manifests.map { (digest: $0.digest, mediaType: $0.mediaType) }
        }
    }

    private func document(_ digest: Digest, _ mediaType: MediaType) -> ManifestDocument? {
        guard let size = state.withLock({ $0.ledger.size(of: digest) }), size <= Int64(ManifestDocument.maximumSize)
        else { return nil }
        do {
            // Not a use: what is read for the books keeps its place in the order of use.
            let file = try OpenFile.openUnused(path: paths.blob(digest))
            let identity = try FileIdentity(of: file)
            let bytes = try file.readAll(size: size)
            guard ContentHasher.digest(of: bytes, algorithm: digest.algorithm) == digest else {
                withdrawDamaged(digest)
                return nil
            }
            release(digest, provenAs: identity)
            return try ManifestDocument(bytes: bytes, mediaType: mediaType)
        } catch {
            logger.warning(
                "what a manifest names stays unknown", metadata: ["digest": "\(digest)", "reason": "\(error)"])
            return nil
        }
    }
}
