import Content
public import NIOCore
public import OCI
import Synchronization

/// A blob that comes out of an archive.
public final class LoadedBlob: Sendable {
    /// Bytes that are gathered before they are written.
    private static let portion = 1 << 20

    private struct State {
        var chunks: [ByteBuffer] = []
        var gathered = 0
        var written: Int64 = 0
    }

    private let registry: LocalRegistry
    private let repository: RepositoryName
    private let upload: UploadName
    private let declared: Digest?
    private let state = Mutex(State())

    fileprivate init(_ registry: LocalRegistry, _ repository: RepositoryName, _ upload: UploadName, _ declared: Digest?)
    {
        self.registry = registry
        self.repository = repository
        self.upload = upload
        self.declared = declared
    }

    /// Takes the next bytes.
    /// - Throws: what the disk and the limits say.
    public func write(_ bytes: ByteBuffer) async throws {
        let isFull = state.withLock { state in
            state.chunks.append(bytes)
            state.gathered += bytes.readableBytes
            return state.gathered >= Self.portion
        }
        if isFull { try await flush() }
    }

    /// Takes the blob into the store.
    /// - Throws: `ContentError`: `.digestMismatch` where it is not what was declared, and what the disk says.
    public func finish() async throws -> (digest: Digest, size: Int64) {
        try await flush()
        let taken = try await registry.take(try registry.uploads.take(upload, in: repository), declared: declared)
        registry.uploaded.withLock { $0.insert(taken.digest, now: .now) }
        return taken
    }

    /// Drops what has come.
    public func abandon() { try? registry.uploads.cancel(upload, in: repository) }

    private func flush() async throws {
        let (chunks, start) = state.withLock { state in
            defer { (state.chunks, state.gathered) = ([], 0) }
            return (state.chunks, state.written)
        }
        let rest = Mutex(chunks.makeIterator())
        let end = try await registry.uploads.append(to: upload, in: repository, at: start) {
            rest.withLock { $0.next() }
        }
        state.withLock { $0.written = end }
    }
}

extension LocalRegistry {
    /// Takes a blob of an archive.
    /// - Parameter declared: the digest that it should have; nil where nobody knows it.
    /// - Returns: nil where it is in this node's own store already. It stays there for the grace time, at least.
    public func load(declared: Digest?) throws(DistributionError) -> LoadedBlob? {
        if let declared {
            noteRecent(declared)
            content.layout.keepToo(declared)
            if content.layout.size(of: declared) != nil { return nil }
        }
        guard let repository = try? RepositoryName("archives") else { return nil }
        return LoadedBlob(self, repository, try uploads.begin(in: repository), declared)
    }
}
