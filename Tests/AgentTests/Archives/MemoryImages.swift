import Archive
import Content
import Gateway
import Integrity
import NIOCore
import OCI
import Synchronization
import SystemPackage

@testable import Agent

/// A registry of local names in memory, and its blobs in a folder.
final class MemoryImages: LocalImages, ArchiveSink {
    struct Missing: Error {}

    private let folder: TemporaryFolder
    private let blobs = Mutex<[Digest: Int64]>([:])
    let names = Mutex<[ImageReference: Descriptor]>([:])
    /// How many loads have a sink, and how many blobs are under way.
    let open = Mutex<(sinks: Int, blobs: Int)>((0, 0))

    init() throws { folder = try TemporaryFolder() }

    func withSink<Result: Sendable>(_ body: (any ArchiveSink) async throws -> Result) async throws -> Result {
        open.withLock { $0.sinks += 1 }
        defer { open.withLock { $0.sinks -= 1 } }
        return try await body(self)
    }

    func name(_ name: ImageReference, as image: Descriptor) async throws {
        if name.repository.description == "refused" {
            throw LoadFailure(code: .refused, reason: "refused may not be written", mend: "call it otherwise")
        }
        names.withLock { $0[name] = image }
    }

    func image(_ name: ImageReference) async throws -> ArchivableImage? {
        guard let descriptor = names.withLock({ $0[name] }) else { return nil }
        let document = try ManifestDocument(
            bytes: try await read(descriptor.digest, size: descriptor.size), mediaType: descriptor.mediaType)
        return ArchivableImage(names: [], descriptor: descriptor, documents: [descriptor.digest: document])
    }

    func open(_ digest: Digest) async throws -> any BlobReader {
        guard let size = blobs.withLock({ $0[digest] }) else { throw Missing() }
        return StoredBlob(digest: digest, size: size, file: try OpenFile.open(path: path(digest)))
    }

    /// What a disk loses.
    func lose(_ bytes: [UInt8]) { blobs.withLock { $0[ContentHasher.digest(of: bytes)] = nil } }

    private func path(_ digest: Digest) -> FilePath { folder.path.appending(digest.hex) }

    // MARK: The sink

    func begin(declared: Digest?, size: Int64) async throws -> (any ArchiveBlob)? {
        if let declared, blobs.withLock({ $0[declared] != nil }) { return nil }
        open.withLock { $0.blobs += 1 }
        return Blob(images: self)
    }

    func read(_ digest: Digest, size: Int64) async throws -> [UInt8] {
        try await open(digest).readAll(limit: 1 << 20)
    }

    private final class Blob: ArchiveBlob {
        private let images: MemoryImages
        private let bytes = Mutex<[UInt8]>([])

        init(images: MemoryImages) { self.images = images }

        func write(_ chunk: ByteBuffer) async throws { bytes.withLock { $0 += chunk.readableBytesView } }

        func finish() async throws -> (digest: Digest, size: Int64) {
            images.open.withLock { $0.blobs -= 1 }
            let bytes = bytes.withLock { $0 }
            let digest = ContentHasher.digest(of: bytes)
            let file = try FileDescriptor.open(
                images.path(digest), .writeOnly, options: [.create], permissions: [.ownerReadWrite])
            try file.closeAfter { _ = try file.writeAll(bytes) }
            images.blobs.withLock { $0[digest] = Int64(bytes.count) }
            return (digest, Int64(bytes.count))
        }

        func abandon() async { images.open.withLock { $0.blobs -= 1 } }
    }
}

/// A body in portions; it may fail, or never end.
final class StubBody: HTTPBodyReader {
    enum End { case whole, broken, never }

    private let rest: Mutex<[UInt8]>
    private let portion: Int
    private let end: End

    init(_ bytes: [UInt8], portion: Int = 1000, end: End = .whole) {
        rest = Mutex(bytes)
        self.portion = portion
        self.end = end
    }

    func next() async throws -> ByteBuffer? {
        let chunk = rest.withLock { rest in
            defer { rest.removeFirst(min(portion, rest.count)) }
            return ByteBuffer(bytes: rest.prefix(portion))
        }
        if chunk.readableBytes > 0 { return chunk }
        switch end {
        case .whole: return nil
        case .broken: throw HTTPRefusal(.malformed, "the client stopped sending")
        case .never:
            for await _ in AsyncStream<Void>(unfolding: { try? await Task.sleep(for: .seconds(60)) }) {
                try Task.checkCancellation()
            }
            throw CancellationError()
        }
    }
}

/// Loads and saves as long as the body runs.
func withArchives<Result: Sendable>(
    _ images: MemoryImages, _ body: @Sendable (ImageArchives) async throws -> Result
) async throws -> Result {
    let archives = ImageArchives(images: images, logger: .quiet)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await archives.run() }
        defer { group.cancelAll() }
        return try await body(archives)
    }
}
