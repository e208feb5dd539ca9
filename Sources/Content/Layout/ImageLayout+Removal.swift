import Glibc
import Logging
public import OCI
import Synchronization
import SystemPackage

/// How blobs leave a layout.
extension ImageLayout {
    /// Lets blobs go that were used longest ago, until `bytes` bytes are free or nothing is left. Blocks.
    ///
    /// The disk gets the space of a blob that is being read when its last reader closes it.
    /// - Returns: How many bytes of blobs went.
    @discardableResult
    public func makeRoom(for bytes: Int64) -> Int64 {
        evict { $0.victims(freeing: bytes) }
    }

    /// Removes a blob, and the images that are nothing without it. One that is not held is as good. Blocks.
    /// - Throws: `.io` where the disk refuses; the blob is not offered any more, but comes back with a restart.
    public func remove(_ digest: Digest) throws(ContentError) { try remove(digest) { true } }

    /// Removes a blob, unless it is kept when it would go: a push may have come to rely on it since the caller looked. Blocks.
    /// - Parameter decision: then only what was kept by ``keepToo(_:)`` since it was begun counts.
    /// - Returns: whether it went.
    /// - Throws: what ``remove(_:)`` throws.
    public func removeUnlessKept(_ digest: Digest, since decision: Keeping? = nil) throws(ContentError) -> Bool {
        let end = blobFiles.withLock { blobFiles -> (went: Bool, fault: ContentError?) in
            // Asked and taken off the books in one step: whoever keeps the blob later finds that it is not here.
            let (size, before) = state.withLock { state -> (Int64?, Int) in
                let before = state.catalog.version
                let isKept =
                    decision.map { state.ledger.isMarked(digest, since: $0.number) }
                    ?? state.ledger.kept.contains(digest)
                guard !isKept, let size = state.ledger.size(of: digest) else {
                    return (nil, before)
                }
                state.forget([BlobInfo(digest: digest, size: size)])
                return (size, before)
            }
            guard let size else { return (false, nil) }
            return (true, finishDropping([BlobInfo(digest: digest, size: size)], since: before, &blobFiles).fault)
        }
        if let fault = end.fault { throw fault }
        return end.went
    }

    /// As ``removeUnlessKept(_:since:)``. Cancelling the task does not stop it.
    public func deleteUnlessKept(_ digest: Digest, since decision: Keeping? = nil) async throws(ContentError) -> Bool {
        try await BlockingWork.run { () throws(ContentError) in try self.removeUnlessKept(digest, since: decision) }
    }

    /// Removes a blob where, with nobody changing its file, it is still to be removed.
    func remove(_ digest: Digest, if isStill: () -> Bool) throws(ContentError) {
        let fault = blobFiles.withLock { blobFiles in
            guard let size = state.withLock({ $0.ledger.size(of: digest) }), isStill() else {
                return nil as ContentError?
            }
            return drop([BlobInfo(digest: digest, size: size)], &blobFiles).fault
        }
        if let fault { throw fault }
    }

    // MARK: What must not go

    /// A decision about what is kept that is being made.
    public struct Keeping: Sendable {
        fileprivate let number: Int
    }

    /// Begins to decide what is kept: what ``keepToo(_:)`` says from now on the decision does not take away.
    public func beginKeeping() -> Keeping {
        Keeping(number: state.withLock { $0.ledger.beginKeeping() })
    }

    /// Says which blobs never have to go for others; those that were kept before may go from now on, but for those that were named one by one
    /// since the decision began. What is not here yet may be named too. A decision that was begun before the one that holds is passed over.
    public func keep(_ digests: Set<Digest>, as decision: Keeping) {
        state.withLock { $0.ledger.keep(digests, decision: decision.number) }
    }

    /// As ``keep(_:as:)``, with a decision that is begun here.
    public func keep(_ digests: Set<Digest>) { keep(digests, as: beginKeeping()) }

    /// Whether a blob never has to go for others.
    public func isKept(_ digest: Digest) -> Bool { state.withLock { $0.ledger.kept.contains(digest) } }

    /// Says of one more blob that it never has to go, here or not.
    public func keepToo(_ digest: Digest) {
        state.withLock { $0.ledger.keep(digest) }
    }

    /// When a blob's file was written last: seconds since 1970 by this node's clock; nil where it is not held. Blocks shortly.
    public func arrived(_ digest: Digest) -> Int64? {
        guard size(of: digest) != nil else { return nil }
        return FileIdentity(at: paths.blob(digest)).map { $0.modified / 1_000_000_000 }
    }

    @discardableResult
    func evict(_ choose: (BlobLedger) -> [BlobInfo]) -> Int64 {
        blobFiles.withLock { blobFiles in
            let victims = state.withLock { choose($0.ledger) }
            if !victims.isEmpty {
                logger.info("blobs used longest ago make room", metadata: ["count": "\(victims.count)"])
            }
            return drop(victims, &blobFiles).freed
        }
    }

    /// Withdraws a blob whose file is gone, is no file, or has another size than it should.
    /// - Returns: False where the file is what it should be.
    func withdraw(_ digest: Digest, ifUnsound size: Int64) -> Bool {
        blobFiles.withLock { blobFiles in
            var status = stat()
            let isThere = paths.blob(digest).withPlatformString { lstat($0, &status) } == 0
            if isThere, status.st_mode & S_IFMT == S_IFREG, Int64(status.st_size) == size { return false }
            // Meanwhile it may have been removed properly.
            guard state.withLock({ $0.ledger.size(of: digest) }) != nil else { return true }
            logger.warning(
                "a blob's file is gone or is not what it was; the blob is withdrawn",
                metadata: ["digest": "\(digest)", "file": "\(paths.blob(digest))"])
            drop([BlobInfo(digest: digest, size: size)], &blobFiles)
            return true
        }
    }

    /// Withdraws a manifest whose bytes do not have its digest any more.
    func withdrawDamaged(_ digest: Digest) {
        logger.warning("a manifest is damaged on disk; it is withdrawn", metadata: ["digest": "\(digest)"])
        do {
            try remove(digest)
        } catch {
            logger.warning("a damaged manifest cannot be removed", metadata: ["reason": "\(error)"])
        }
    }

    /// Lets blobs go, in this order: what is known, `index.json`, the files. So the index never names what is not there.
    @discardableResult
    func drop(_ blobs: [BlobInfo], _ blobFiles: inout LayoutFiles.Blobs) -> (freed: Int64, fault: ContentError?) {
        guard !blobs.isEmpty else { return (0, nil) }
        let before = state.withLock { state in
            let before = state.catalog.version
            state.forget(blobs)
            return before
        }
        return finishDropping(blobs, since: before, &blobFiles)
    }

    /// What follows once blobs are off the books.
    /// - Parameter before: the catalog's version when they were on them.
    private func finishDropping(
        _ blobs: [BlobInfo], since before: Int, _ blobFiles: inout LayoutFiles.Blobs
    ) -> (freed: Int64, fault: ContentError?) {
        let losesImages = state.withLock { $0.catalog.version != before }
        if losesImages {
            do {
                try writeIndex()
            } catch {
                // On a full disk this is how space comes back; the next write tells it, and so does a restart.
                logger.warning("index.json cannot be written now", metadata: ["reason": "\(error)"])
            }
        }
        var freed: Int64 = 0
        var fault: ContentError?
        for blob in blobs {
            proofs?.forget(blob.digest)
            do throws(ContentError) {
                try blobFiles.remove(blob.digest)
                freed += blob.size
            } catch {
                logger.warning("a blob's file cannot be removed", metadata: ["reason": "\(error)"])
                fault = error
            }
            feed.publish(.removed(blob.digest))
        }
        if losesImages { feed.publish(.images) }
        return (freed, fault)
    }
}
