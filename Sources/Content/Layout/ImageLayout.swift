public import Logging
public import OCI
import Synchronization
public import SystemPackage

/// Shoal's own store: an OCI image layout (OCI image specification, `image-layout.md`), readable by skopeo at every moment.
///
/// Blobs enter by an atomic rename, after their caller has verified them and the disk has them. Where they would exceed
/// the capacity the ones used longest ago go; a blob that goes while it is read stays readable to its readers.
/// Safe from any thread. One process at a time may have a layout open.
public final class ImageLayout: BlobStore {
    let paths: LayoutPaths
    let logger: Logger
    /// What is known. Held for moments, never while the disk is asked.
    let state: Mutex<LayoutState>
    /// Held while names of blobs change on disk, so that what is on disk and what is known change in the same order.
    /// Taken before `index` and `state`.
    let blobFiles: Mutex<LayoutFiles.Blobs>
    /// What is in `index.json`. Held while it is written, so that whoever waits meanwhile is served by one write for all. Taken before
    /// `state`.
    let index: Mutex<WrittenIndex>
    let feed = ChangeFeed()
    /// When each blob was hashed last; nil where nobody keeps account.
    let proofs: ProofLedger?

    struct WrittenIndex {
        /// Of the catalog; nil before the first write.
        var version: Int?
        var written = IndexDocument.nothingWritten()
    }

    var files: LayoutFiles { LayoutFiles(paths: paths) }

    /// Opens the layout in a folder, or makes one there. Blocks while it lists the blobs and reads the manifests that
    /// `index.json` names; meant for the start.
    ///
    /// A damaged `index.json` or `oci-layout` is moved aside with a warning, and begun anew; blobs are kept.
    /// - Parameters:
    ///   - capacity: How many bytes of blobs are kept.
    ///   - proofs: This store's own ledger; what arrives has been hashed, and is noted there.
    ///   - window: What is in doubt after a crash: blobs with such files are held back until they are proven.
    /// - Throws: `.unusable` naming the path and the mend where the folder cannot be used; `.noSpace`, `.io`.
    public init(
        directory: FilePath, capacity: Int64, proofs: ProofLedger? = nil, window: CrashWindow? = nil, logger: Logger
    ) throws(ContentError) {
        self.logger = logger
        self.proofs = proofs
        paths = LayoutPaths(directory: directory)
        let opening = LayoutOpening(paths: paths, logger: logger)
        try opening.prepare()
        var ledger = BlobLedger(capacity: capacity)
        var heldBack: Set<Digest> = []
        for (digest, file) in try opening.blobs() {
            ledger.insert(BlobInfo(digest: digest, size: file.size))
            let isDoubtful = window?.doubts(file.modified) == true && proofs?.isProven(digest, as: file) != true
            if isDoubtful || proofs?.isDoubted(digest) == true {
                heldBack.insert(digest)
            } else if let proofs, proofs.provenAt(digest) == nil {
                // It was hashed when it arrived, by an agent that kept no account of it.
                proofs.record(digest, as: file, at: file.modified / 1_000_000_000)
            }
        }
        let index = try opening.index()
        let catalog = Catalog(index ?? IndexDocument(records: [], foreign: [])) { ledger.size(of: $0) != nil }
        state = Mutex(LayoutState(ledger: ledger, catalog: catalog, heldBack: heldBack))
        blobFiles = Mutex(LayoutFiles.Blobs(paths: paths))
        self.index = Mutex(WrittenIndex(version: index == nil ? nil : 0))
        for image in images() { learn(image.digest, as: image.mediaType) }
        // The capacity may have been lowered.
        evict { $0.victims(fitting: 0) }
        try writeIndex()
    }

    /// How many blobs there are, their bytes, and how many bytes they may have.
    public var usage: (blobs: Int, bytes: Int64, capacity: Int64) {
        state.withLock { ($0.ledger.count, $0.ledger.bytes, $0.ledger.capacity) }
    }

    public func size(of digest: Digest) -> Int64? {
        state.withLock { $0.size(of: digest) }
    }

    public func blobs() -> [BlobInfo] {
        state.withLock { $0.blobs }
    }

    public func changes() -> AsyncStream<StoreChange> {
        feed.subscribe()
    }

    public func open(_ digest: Digest) async throws(ContentError) -> (any BlobReader)? {
        // Opening a local file is short; only mending goes to the pool of threads.
        guard let size = size(of: digest) else { return nil }
        if let blob = try? openFile(digest, size) { return blob }
        return try await BlockingWork.run { () throws(ContentError) in try self.openHeld(digest) }
    }

    /// Opens a blob, or withdraws it where its file is not what it was. Blocks.
    func openHeld(_ digest: Digest) throws(ContentError) -> StoredBlob? {
        guard let size = size(of: digest) else { return nil }
        do {
            return try openFile(digest, size)
        } catch {
            guard withdraw(digest, ifUnsound: size) || self.size(of: digest) == nil else { throw error }
            return nil
        }
    }

    private func openFile(_ digest: Digest, _ size: Int64) throws(ContentError) -> StoredBlob {
        let file = try OpenFile.open(path: paths.blob(digest))
        let identity = try FileIdentity(of: file)
        guard identity.size == size else {
            throw ContentError(.sizeMismatch, "the file of \(digest) has \(identity.size) bytes instead of \(size)")
        }
        if state.withLock({ $0.ledger.use(digest, at: .now) }) { file.renewUse() }
        return StoredBlob(digest: digest, size: size, file: file) { [weak self] in
            await self?.doubt(digest, identity, because: $0)
        }
    }
}
