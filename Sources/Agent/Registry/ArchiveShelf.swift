import Archive
import Content
import NIOCore
import OCI
import Registry
import Transfer

/// Where archives are loaded to and saved from.
struct ArchiveShelf: LocalImages {
    let registry: LocalRegistry
    let content: NodeContent
    let fetcher: BlobFetcher
    let resolver: ManifestResolver

    // MARK: In

    func withSink<Result: Sendable>(_ body: (any ArchiveSink) async throws -> Result) async throws -> Result {
        try await body(RegistrySink(registry: registry, content: content))
    }

    func name(_ name: ImageReference, as image: Descriptor) async throws {
        guard let local = LocalName(name) else {
            throw OCIError(code: .referenceInvalid, message: "\(name) is no name of the local namespace")
        }
        try await registry.tag(image.digest, mediaType: image.mediaType, as: local, from: local.repository)
    }

    // MARK: Out

    func image(_ name: ImageReference) async throws -> ArchivableImage? {
        guard let digest = try? await registry.known(name), let top = try? await resolver.onLAN(digest) else {
            return nil
        }
        var documents = [digest: top.document]
        var pending = top.document.children
        while let child = pending.popLast() {
            guard documents[child.digest] == nil, let found = try? await resolver.onLAN(child.digest) else { continue }
            guard found.document.blobs.allSatisfy({ fetcher.sizeOnLAN(of: $0.digest) != nil }) else { continue }
            documents[child.digest] = found.document
            pending += found.document.children
        }
        return ArchivableImage(
            names: [name],
            descriptor: Descriptor(
                mediaType: top.document.mediaType, digest: digest, size: Int64(top.document.bytes.count)),
            documents: documents)
    }

    func open(_ digest: Digest) async throws -> any BlobReader {
        try await fetcher.open(BlobQuestion(digest: digest, origin: nil), isRequest: false)
    }
}

/// What an archive holds goes into Shoal's own store.
private struct RegistrySink: ArchiveSink {
    let registry: LocalRegistry
    let content: NodeContent

    func begin(declared: Digest?, size: Int64) async throws -> (any ArchiveBlob)? {
        try registry.load(declared: declared).map(ArrivingBlob.init)
    }

    func read(_ digest: Digest, size: Int64) async throws -> [UInt8] {
        guard let blob = try await content.layout.open(digest) else {
            throw ContentError(.notFound, "\(digest) has come, and is not in the store any more")
        }
        defer { blob.close() }
        return try await blob.readAll(limit: Int(clamping: size))
    }
}

private struct ArrivingBlob: ArchiveBlob {
    let blob: LoadedBlob

    func write(_ bytes: ByteBuffer) async throws { try await blob.write(bytes) }
    func finish() async throws -> (digest: Digest, size: Int64) { try await blob.finish() }
    func abandon() async { blob.abandon() }
}
