import Content
import Glibc
import Integrity
import OCI
import Synchronization
import SystemPackage

@testable import Agent

/// Knows the images that it was told of.
struct StubCatalog: BlobCatalog {
    var manifests: [String: Digest] = [:]
    var children: [Digest: [Digest]] = [:]
    var owners: [BlobOwner] = []
    var isComplete: Bool { true }
    var runtimeSocket: String? { nil }

    func manifests(named reference: ImageReference) -> [Digest] { manifests[reference.description].map { [$0] } ?? [] }
    func children(of digest: Digest) -> [Digest] { children[digest] ?? [] }
    func owners(of digest: Digest) -> [BlobOwner] { owners }
    func hasOrigin(_ digest: Digest) -> Bool { true }
}

/// A store of blobs that are in memory, all of them one after the other in one file.
final class MemoryStore: ProvableStore {
    private let file: OpenFile
    private let places: [Digest: Range<Int64>]
    private let proven = Mutex<Set<Digest>>([])
    private let known: [DamagedBlob]

    /// - Parameter known: damage that was found earlier.
    init(_ contents: [[UInt8]], known: [DamagedBlob] = []) {
        self.known = known
        var template = Array("/tmp/shoal-blobs-XXXXXX".utf8CString)
        let file = OpenFile(adopting: mkstemp(&template))
        unlink(template)
        var places: [Digest: Range<Int64>] = [:]
        var end: Int64 = 0
        for content in contents {
            _ = content.withUnsafeBytes { pwrite(file.descriptor, $0.baseAddress, $0.count, off_t(end)) }
            places[ContentHasher.digest(of: content)] = end..<end + Int64(content.count)
            end += Int64(content.count)
        }
        self.file = file
        self.places = places
    }

    private struct Reader: BlobReader {
        let file: OpenFile
        let place: Range<Int64>
        var size: Int64 { Int64(place.count) }

        func next(at offset: Int64, limit: Int64) async throws -> FileSlice {
            FileSlice(file: file, offset: place.lowerBound + offset, length: min(limit, size - offset))
        }
        func close() {}
    }

    func open(_ digest: Digest) async throws(ContentError) -> (any BlobReader)? { nil }
    func size(of digest: Digest) -> Int64? { places[digest].map { Int64($0.count) } }
    func blobs() -> [BlobInfo] { places.map { BlobInfo(digest: $0.key, size: Int64($0.value.count)) } }
    func changes() -> AsyncStream<StoreChange> { AsyncStream { $0.finish() } }
    func provable() -> [ProvableBlob] {
        let proven = proven.withLock { $0 }
        return blobs().map {
            ProvableBlob(digest: $0.digest, size: $0.size, provenAt: proven.contains($0.digest) ? 1 : nil)
        }
    }
    func damaged() -> [DamagedBlob] { known }
    func openToProve(_ digest: Digest) async throws(ContentError) -> ProofReading? {
        places[digest].map {
            ProofReading(reader: Reader(file: file, place: $0), identity: .committed(size: Int64($0.count), at: 1))
        }
    }
    func proved(_ digest: Digest, as identity: FileIdentity) async { proven.withLock { _ = $0.insert(digest) } }
    func withdraw(_ digest: Digest, because reason: String) async {}
}

/// A store with one blob, whose reader gives nothing until nobody waits any more.
final class GatedStore: ProvableStore {
    /// How many reads hang, or have.
    let hanging = Mutex(0)
    let cancelled = Mutex(0)
    private let digest = ContentHasher.digest(of: [1])

    private struct Reader: BlobReader {
        let store: GatedStore
        var size: Int64 { 1 }

        func next(at offset: Int64, limit: Int64) async throws -> FileSlice {
            let (stream, _) = AsyncStream<Void>.makeStream()
            store.hanging.withLock { $0 += 1 }
            for await _ in stream {}
            store.cancelled.withLock { $0 += 1 }
            throw CancellationError()
        }
        func close() {}
    }

    func open(_ digest: Digest) async throws(ContentError) -> (any BlobReader)? { nil }
    func size(of digest: Digest) -> Int64? { nil }
    func blobs() -> [BlobInfo] { [] }
    func changes() -> AsyncStream<StoreChange> { AsyncStream { $0.finish() } }
    func provable() -> [ProvableBlob] { [ProvableBlob(digest: digest, size: 1, provenAt: 1)] }
    func openToProve(_ digest: Digest) async throws(ContentError) -> ProofReading? {
        ProofReading(reader: Reader(store: self), identity: .committed(size: 1, at: 1))
    }
    func proved(_ digest: Digest, as identity: FileIdentity) async {}
    func withdraw(_ digest: Digest, because reason: String) async {}
}

/// A layout that says of nothing that it was proven, until it is.
final class UnprovenStore: ProvableStore {
    /// The blobs that were proven.
    let proofs: AsyncStream<Digest>
    private let told: AsyncStream<Digest>.Continuation
    private let layout: ImageLayout
    private let proven = Mutex<Set<Digest>>([])

    init(_ layout: ImageLayout) {
        self.layout = layout
        (proofs, told) = AsyncStream.makeStream()
    }

    func open(_ digest: Digest) async throws(ContentError) -> (any BlobReader)? { try await layout.open(digest) }
    func size(of digest: Digest) -> Int64? { layout.size(of: digest) }
    func blobs() -> [BlobInfo] { layout.blobs() }
    func changes() -> AsyncStream<StoreChange> { layout.changes() }
    func provable() -> [ProvableBlob] {
        let proven = proven.withLock { $0 }
        return layout.provable().map { blob in
            var blob = blob
            if !proven.contains(blob.digest) { blob.provenAt = nil }
            return blob
        }
    }
    func openToProve(_ digest: Digest) async throws(ContentError) -> ProofReading? {
        try await layout.openToProve(digest)
    }
    func proved(_ digest: Digest, as identity: FileIdentity) async {
        proven.withLock { _ = $0.insert(digest) }
        told.yield(digest)
    }
    func withdraw(_ digest: Digest, because reason: String) async { await layout.withdraw(digest, because: reason) }
}

/// Says what it was told to.
struct StubVerifier: Verifying {
    var start: @Sendable (VerifyQuery) -> VerifyStart

    func verify(_ query: VerifyQuery) async -> VerifyStart { start(query) }
}
