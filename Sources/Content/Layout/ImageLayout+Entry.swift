import Integrity
import Logging
public import OCI
import Synchronization
import SystemPackage

/// How blobs enter a layout.
extension ImageLayout {
    /// Takes in a file that has arrived and whose bytes the caller has verified, and makes room for it first.
    ///
    /// The bytes are synced to disk, then the file gets the blob's name, by rename or, from another filesystem, by way
    /// of a copy. From the call on nothing can be written to it. Where the blob is held already, this copy goes.
    /// Cancelling the task does not stop it.
    /// - Parameter isKept: whether the blob must not go for others, until ``keep(_:)`` says otherwise.
    /// - Throws: `.sizeMismatch` where the file does not have `size` bytes, `.exceedsCapacity` where the blob is larger
    ///   than the store may become beside what is kept, `.noSpace` where the disk is full even though older blobs were let go, `.io`.
    ///   The spool file is left alone then, and can still be read.
    public func commit(
        _ spool: some ArrivedFile, as digest: Digest, size: Int64, isKept: Bool = false
    ) async throws(ContentError) -> StoredBlob {
        spool.seal()
        return try await BlockingWork.run { () throws(ContentError) in
            if isKept { self.keepToo(digest) }
            if let held = try self.openHeld(digest) {
                spool.discard()
                return held
            }
            try self.checkCapacity(digest, size)
            let actual = try spool.file.size()
            guard actual == size else {
                throw ContentError(.sizeMismatch, "\(spool.path) has \(actual) bytes; \(digest) has \(size)")
            }
            let file = try self.lettingGo(size) { () throws(ContentError) in try self.take(spool, as: digest, size) }
            self.settle(digest)
            return StoredBlob(digest: digest, size: size, file: file)
        }
    }

    /// Stores bytes that are in memory, such as a manifest. Cancelling the task does not stop it.
    /// - Throws: `.digestMismatch` where they do not have the digest, and what ``commit(_:as:size:isKept:)`` throws.
    public func put(_ bytes: [UInt8], as digest: Digest, isKept: Bool = false) async throws(ContentError) {
        try await BlockingWork.run { () throws(ContentError) in
            let actual = ContentHasher.digest(of: bytes, algorithm: digest.algorithm)
            guard actual == digest else {
                throw ContentError(.digestMismatch, "\(bytes.count) bytes given as \(digest) have \(actual); dropped")
            }
            if isKept { self.keepToo(digest) }
            if try self.openHeld(digest) != nil { return }
            let size = Int64(bytes.count)
            try self.checkCapacity(digest, size)
            try self.lettingGo(size) { () throws(ContentError) in
                let temporary = try self.files.write(bytes)
                try self.enter(temporary, as: digest, size)
            }
            self.settle(digest)
        }
    }

    private func checkCapacity(_ digest: Digest, _ size: Int64) throws(ContentError) {
        let (capacity, kept) = state.withLock { ($0.ledger.capacity, $0.ledger.keptBytes) }
        guard size <= capacity - kept else {
            let beside = kept > 0 ? ", \(kept) of them of images that were pushed or pinned" : ""
            throw ContentError(
                .exceedsCapacity,
                "\(digest) has \(size) bytes and the store may have \(capacity)\(beside); raise store.capacity to keep it"
            )
        }
    }

    /// - Returns: The blob's file: the one that arrived, or the copy.
    private func take(_ spool: some ArrivedFile, as digest: Digest, _ size: Int64) throws(ContentError) -> OpenFile {
        try spool.file.syncData()
        if try enter(spool.path, as: digest, size) {
            spool.surrender()
            spool.file.renewUse()
            return spool.file
        }
        let copy = try files.copy(spool.file, size: size)
        try enter(copy, as: digest, size)
        spool.discard()
        return copy.file
    }

    private func enter(_ temporary: LayoutFiles.Temporary, as digest: Digest, _ size: Int64) throws(ContentError) {
        guard try enter(temporary.path, as: digest, size) else {
            throw ContentError(
                .unusable, "\(paths.temporary) and \(paths.blobs) must be on one filesystem; unmount the former")
        }
    }

    /// Gives a finished file its name among the blobs, after making room under the capacity.
    /// - Returns: False where the file is on another filesystem.
    private func enter(_ path: FilePath, as digest: Digest, _ size: Int64) throws(ContentError) -> Bool {
        try blobFiles.withLock { blobFiles throws(ContentError) in
            // Two may bring the same blob at once: the second replaces the file by its equal, and changes nothing.
            let isNew = state.withLock { $0.ledger.size(of: digest) == nil }
            if isNew { drop(state.withLock { $0.ledger.victims(fitting: size) }, &blobFiles) }
            guard try blobFiles.enter(path, as: digest) else { return false }
            // The caller has hashed what it brings: that replaces a file that was held back.
            noteProof(digest, of: FileIdentity(at: paths.blob(digest)))
            let isNews = state.withLock { state in
                if isNew { state.ledger.insert(BlobInfo(digest: digest, size: size)) }
                return state.heldBack.remove(digest) != nil || isNew
            }
            if isNews { feed.publish(.added(BlobInfo(digest: digest, size: size))) }
            return true
        }
    }

    /// What can wait until a blob is there: its name outlives a power cut, and a manifest that an index announced is read.
    private func settle(_ digest: Digest) {
        do {
            try Folder(paths.blobs(digest.algorithm)).sync()
        } catch {
            logger.warning("a blob's name may not outlive a power cut", metadata: ["reason": "\(error)"])
        }
        if let type = state.withLock({ $0.graph.manifestType(of: digest) }) { learn(digest, as: type) }
    }

    /// Does what needs `bytes` on disk; a full disk is answered by letting older blobs go, until it fits or there are none: who reads one of
    /// them keeps its space taken.
    func lettingGo<Value>(
        _ bytes: Int64, _ work: () throws(ContentError) -> Value
    ) throws(ContentError) -> Value {
        while true {
            do throws(ContentError) {
                return try work()
            } catch {
                guard error.code == .noSpace, makeRoom(for: bytes) > 0 else { throw error }
            }
        }
    }
}
