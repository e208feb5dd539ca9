import Content
import OCI
import Transfer

/// Shoal's own store: blobs come there by being downloaded.
struct StoreSink: ImageSink {
    /// A look at whether the store has what was read to its end.
    private static let look: Duration = .milliseconds(20)

    let content: NodeContent
    let fetcher: BlobFetcher

    func holds(_ blob: Descriptor) async throws -> Bool { content.size(of: blob.digest) != nil }

    func take(
        _ blob: Descriptor, from reader: any BlobReader, moved: @escaping @Sendable (Int64) -> Void
    ) async throws {
        var offset: Int64 = 0
        while offset < reader.size {
            let slice = try await reader.next(at: offset, limit: reader.size - offset)
            offset += slice.length
            moved(slice.length)
        }
        // The last byte may be read a moment before the blob has its place.
        while content.size(of: blob.digest) == nil {
            guard fetcher.isFetching(blob.digest) || content.size(of: blob.digest) != nil else {
                throw PullFailure(
                    code: .noSpace, reason: "blob \(blob.digest) came, and could not be kept in Shoal's store",
                    mend: "see whether the disk of data_dir is full; the agent's log says more")
            }
            try await Task.sleep(for: Self.look)
        }
    }

    /// The resolver has kept it.
    func take(_ document: ImagePlan.Document) async throws {
        guard content.size(of: document.descriptor.digest) == nil else { return }
        try await content.layout.put(document.document.bytes, as: document.descriptor.digest)
    }

    func read(_ digest: Digest, limit: Int) async throws -> [UInt8] {
        guard let blob = try await content.open(digest) else {
            throw PullFailure(
                code: .noSpace, reason: "blob \(digest) was let go by Shoal's store at once",
                mend: "give it more room with store.capacity")
        }
        defer { blob.close() }
        return try await blob.readAll(limit: limit)
    }

    func isUnpacked(_ chain: LayerChain) async throws -> Bool { false }
    func unpack(_ link: LayerChain.Link) async throws {}
    func unpacked(_ chain: LayerChain, config: Digest) async throws {}

    /// The store lets go what was used longest ago where there is no room: the image must be whole in the end.
    func finish(_ plan: ImagePlan, id: Digest?) async throws {
        guard let missing = plan.blobs.first(where: { content.size(of: $0.digest) == nil }) else { return }
        let usage = content.layout.usage
        throw PullFailure(
            code: .noSpace,
            reason: "the image does not fit into Shoal's store, which may have \(Figures.bytes(usage.capacity)): "
                + "it has let \(missing.digest) go again",
            mend: "raise store.capacity")
    }
}
