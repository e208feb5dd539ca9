import Integrity
public import Logging
import NIOPosix
public import OCI
import Synchronization
public import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// Shoal's own store: an OCI image layout on disk, readable by skopeo at every moment.
///
/// Blobs enter by an atomic rename, after their size and digest have been found right. When there are more bytes than
/// `capacity`, the blobs used longest ago go. A blob that goes while it is being read stays readable to who reads it.
public final class ImageLayout: BlobStore {
    /// A blob's use is written to disk (as its file's time) at most this often.
    private static let touchEvery: Duration = .seconds(60)

    private struct State {
        var catalog = LayoutCatalog()
        var touched: [Digest: ContinuousClock.Instant] = [:]
        var listeners: [Int: AsyncStream<StoreChange>.Continuation] = [:]
        var nextListener = 0
        /// Grows with every change of the catalog of images.
        var indexVersion = 0
    }

    private let files: LayoutFiles
    private let capacity: Int64
    private let logger: Logger
    private let state: Mutex<State>
    /// The version of the catalog that `index.json` has. Held while it is written.
    private let writtenIndex = Mutex(0)

    /// Opens the layout in a folder, or makes one.
    ///
    /// - Parameter capacity: how many bytes of blobs are kept.
    /// - Throws: ``ContentError`` naming the path where the folder cannot be used. A damaged index is moved aside instead.
    public init(directory: FilePath, capacity: Int64, logger: Logger) throws(ContentError) {
        files = LayoutFiles(directory: directory)
        self.capacity = capacity
        self.logger = logger
        try files.prepare()
        var state = State()
        for blob in try files.listBlobs(logger: logger) {
            // A power cut can leave a file without its bytes.
            if blob.size == 0, blob.digest != ContentHasher.digest(of: [], algorithm: blob.digest.algorithm) {
                logger.warning("an empty blob file is removed", metadata: ["digest": "\(blob.digest)"])
                try files.remove(blob.digest)
                continue
            }
            state.catalog.add(blob.digest, size: blob.size)
        }
        if let index = try files.readIndex(logger: logger) {
            for descriptor in index.manifests {
                if let record = ImageRecord(descriptor), state.catalog.blobs[record.digest] != nil {
                    state.catalog.record(record)
                } else if ImageRecord(descriptor) == nil {
                    state.catalog.foreign.append(descriptor)
                }
            }
        } else {
            try files.write(state.catalog.index)
        }
        for manifest in state.catalog.images.map(\.digest) + state.catalog.foreign.map(\.digest) {
            Self.learnChildren(of: manifest, files, &state.catalog)
        }
        self.state = Mutex(state)
    }

    /// How many blobs there are, their bytes, and how many bytes there may be.
    public var usage: (blobs: Int, bytes: Int64, capacity: Int64) {
        state.withLock { ($0.catalog.blobs.count, $0.catalog.bytes, capacity) }
    }

    // MARK: Reading

    public func open(_ digest: Digest) async throws(ContentError) -> StoredBlob? {
        guard let size = size(of: digest) else { return nil }
        let file: OpenFile
        do {
            file = try OpenFile.open(path: files.path(digest))
        } catch {
            guard error.code == .notFound else { throw error }
            logger.warning("a blob's file has gone; the blob is withdrawn", metadata: ["digest": "\(digest)"])
            forget(digest)
            return nil
        }
        let actual = try file.size()
        guard actual == size else {
            logger.warning(
                "a blob's file has another size than it had; the blob is withdrawn and its file removed",
                metadata: ["digest": "\(digest)", "size": "\(size)", "actual": "\(actual)"])
            try remove(digest)
            return nil
        }
        use(digest, file)
        return StoredBlob(digest: digest, size: size, file: file)
    }

    public func size(of digest: Digest) -> Int64? {
        state.withLock { $0.catalog.blobs[digest]?.size }
    }

    public func blobs() -> [BlobInfo] {
        state.withLock { $0.catalog.blobs.map { BlobInfo(digest: $0.key, size: $0.value.size) } }
    }

    public func changes() -> AsyncStream<StoreChange> {
        let (stream, continuation) = AsyncStream<StoreChange>.makeStream(bufferingPolicy: .bufferingNewest(1024))
        let id = state.withLock { state in
            state.nextListener += 1
            state.listeners[state.nextListener] = continuation
            return state.nextListener
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { $0.listeners[id] = nil }
        }
        return stream
    }

    private func use(_ digest: Digest, _ file: OpenFile) {
        let now = ContinuousClock.now
        let isDue = state.withLock { state in
            state.catalog.use(digest)
            if let last = state.touched[digest], last.duration(to: now) < Self.touchEvery { return false }
            state.touched[digest] = now
            return true
        }
        // Best effort: a restart on a read-only disk forgets the order of use, and nothing else.
        if isDue { futimens(file.descriptor, nil) }
    }

    // MARK: Writing

    /// Moves a spool file in whose bytes the caller has verified, and makes room for it first.
    ///
    /// The file is synced before it gets its name. Where the blob is held already the spool's copy is dropped.
    /// - Throws: ``ContentError`` with `.exceedsCapacity` where the blob is larger than the whole store may be, `.sizeMismatch`
    ///   where the file does not have `size` bytes, `.noSpace` where the disk is full. The spool file is left alone then.
    public func commit(_ spool: SpoolFile, as digest: Digest, size: Int64) async throws(ContentError) -> StoredBlob {
        if let held = try await open(digest) {
            spool.discard()
            return held
        }
        try reserve(size, for: digest)
        let files = files
        let file = try await Self.onThreadPool {
            do {
                return try files.take(spool, as: digest, size: size)
            } catch let error as ContentError where error.code == .noSpace {
                guard self.makeRoom(for: size) > 0 else { throw error }
                return try files.take(spool, as: digest, size: size)
            }
        }
        add(digest, size: size)
        return StoredBlob(digest: digest, size: size, file: file)
    }

    /// Stores bytes that are in memory: manifests.
    /// - Throws: ``ContentError`` with `.digestMismatch` where they are not what the digest says.
    public func put(_ bytes: [UInt8], as digest: Digest) async throws(ContentError) {
        guard ContentHasher.digest(of: bytes, algorithm: digest.algorithm) == digest else {
            throw ContentError(.digestMismatch, "\(bytes.count) bytes given as \(digest) have another digest")
        }
        if size(of: digest) == nil {
            try reserve(Int64(bytes.count), for: digest)
            let files = files
            try await Self.onThreadPool {
                do {
                    try files.write(bytes, as: digest)
                } catch let error as ContentError where error.code == .noSpace {
                    guard self.makeRoom(for: Int64(bytes.count)) > 0 else { throw error }
                    try files.write(bytes, as: digest)
                }
            }
            add(digest, size: Int64(bytes.count))
        }
        let named = Self.children(in: bytes)
        state.withLock { $0.catalog.setChildren(of: digest, named) }
    }

    /// Lets blobs go that were used longest ago.
    /// - Returns: how many bytes became free; less than asked for when there were no more.
    @discardableResult
    public func makeRoom(for bytes: Int64) -> Int64 {
        evict(state.withLock { $0.catalog.leastUsed(freeing: bytes) })
    }

    /// Removes a blob, and the images that are nothing without it.
    public func remove(_ digest: Digest) throws(ContentError) {
        try files.remove(digest)
        forget(digest)
    }

    private func reserve(_ size: Int64, for digest: Digest) throws(ContentError) {
        guard size <= capacity else {
            throw ContentError(
                .exceedsCapacity,
                "\(digest) has \(size) bytes and store.capacity is \(capacity); raise it to keep blobs as large as this"
            )
        }
        evict(state.withLock { $0.catalog.leastUsed(freeing: $0.catalog.bytes + size - capacity, keeping: digest) })
    }

    @discardableResult
    private func evict(_ digests: [Digest]) -> Int64 {
        var freed: Int64 = 0
        for digest in digests {
            let size = size(of: digest) ?? 0
            do {
                try remove(digest)
                freed += size
            } catch {
                logger.warning("a blob cannot be removed", metadata: ["digest": "\(digest)", "reason": "\(error)"])
            }
        }
        return freed
    }

    private func add(_ digest: Digest, size: Int64) {
        state.withLock { state in
            state.catalog.add(digest, size: size)
            for listener in state.listeners.values { listener.yield(.added(BlobInfo(digest: digest, size: size))) }
        }
    }

    private func forget(_ digest: Digest) {
        let version = state.withLock { state -> Int? in
            guard state.catalog.blobs[digest] != nil else { return nil }
            state.touched[digest] = nil
            let lostImages = state.catalog.remove(digest)
            for listener in state.listeners.values {
                listener.yield(.removed(digest))
                if lostImages { listener.yield(.images) }
            }
            guard lostImages else { return nil }
            state.indexVersion += 1
            return state.indexVersion
        }
        guard let version else { return }
        do {
            try writeIndex(atLeast: version)
        } catch {
            logger.warning("the store's index cannot be written", metadata: ["reason": "\(error)"])
        }
    }

    // MARK: The catalog

    /// Notes an image, or what is new about it. On return it is on disk.
    public func record(_ image: ImageRecord) async throws(ContentError) {
        let version = state.withLock { state in
            let before = state.catalog.images
            state.catalog.record(image)
            if state.catalog.images != before {
                state.indexVersion += 1
                for listener in state.listeners.values { listener.yield(.images) }
            }
            return state.indexVersion
        }
        try await Self.onThreadPool { try self.writeIndex(atLeast: version) }
    }

    public func images() -> [ImageRecord] {
        state.withLock { $0.catalog.images }
    }

    public func image(for reference: ImageReference) -> ImageRecord? {
        state.withLock { $0.catalog.image(for: reference) }
    }

    /// The repositories that have a blob, as far as the manifests held tell.
    public func origins(of blob: Digest) -> [Origin] {
        state.withLock { $0.catalog.origins(of: blob) }
    }

    /// What a held manifest names: blobs and manifests, not their own children. Empty where it is unknown.
    public func children(of manifest: Digest) -> [Digest] {
        state.withLock { $0.catalog.children[manifest] ?? [] }
    }

    /// Brings `index.json` to a version or a later one. Writers that come at once are served by one write.
    private func writeIndex(atLeast version: Int) throws(ContentError) {
        try writtenIndex.withLock { written throws(ContentError) in
            guard written < version else { return }
            let (index, current) = state.withLock { ($0.catalog.index, $0.indexVersion) }
            try files.write(index)
            written = current
        }
    }

    private static func children(in bytes: [UInt8]) -> [Digest] {
        guard bytes.count <= ManifestDocument.maximumSize,
            let document = try? ManifestDocument(bytes: bytes, mediaType: nil)
        else { return [] }
        return (document.children + document.blobs).map(\.digest)
    }

    /// Reads a held manifest, and for an index the manifests under it, to know what they name.
    private static func learnChildren(of manifest: Digest, _ files: LayoutFiles, _ catalog: inout LayoutCatalog) {
        var pending = [manifest]
        while let next = pending.popLast() {
            guard catalog.children[next] == nil, let size = catalog.blobs[next]?.size,
                size <= Int64(ManifestDocument.maximumSize),
                let bytes = try? OpenFile.open(path: files.path(next)).readAll(size: size),
                let document = try? ManifestDocument(bytes: bytes, mediaType: nil)
            else { continue }
            catalog.setChildren(of: next, (document.children + document.blobs).map(\.digest))
            pending += document.children.map(\.digest)
        }
    }

    /// Runs work that blocks away from the cooperative pool.
    private static func onThreadPool<T: Sendable>(
        _ work: @escaping @Sendable () throws -> T
    ) async throws(ContentError) -> T {
        do {
            return try await NIOThreadPool.singleton.runIfActive(work)
        } catch let error as ContentError {
            throw error
        } catch {
            throw ContentError(.io, "\(error)")
        }
    }
}
