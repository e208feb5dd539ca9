import Glibc
import Logging
public import OCI
import Synchronization

/// Blobs are hashed before they enter a layout. They are doubted again where their files are younger than a crash, and read
/// again from time to time: disks forget.
extension ImageLayout: ProvableStore {
    public func provable() -> [ProvableBlob] {
        let (blobs, heldBack) = state.withLock { ($0.ledger.blobs, $0.heldBack) }
        return blobs.map { blob in
            ProvableBlob(
                digest: blob.digest, size: blob.size, provenAt: proofs?.provenAt(blob.digest),
                isHeldBack: heldBack.contains(blob.digest), isDoubted: proofs?.isDoubted(blob.digest) == true)
        }
    }

    public func openToProve(_ digest: Digest) async throws(ContentError) -> ProofReading? {
        guard let size = state.withLock({ $0.ledger.size(of: digest) }) else { return nil }
        let file = try OpenFile.openUnused(path: paths.blob(digest))
        return ProofReading(
            reader: StoredBlob(digest: digest, size: size, file: file), identity: try FileIdentity(of: file))
    }

    public func proved(_ digest: Digest, as identity: FileIdentity) async {
        release(digest, provenAs: identity)
        guard let type = state.withLock({ $0.graph.manifestType(of: digest) }) else { return }
        _ = try? await BlockingWork.run { () throws(ContentError) in self.learn(digest, as: type) }
    }

    /// Deletes the blob's file: it is fetched again when somebody wants it.
    public func withdraw(_ digest: Digest, because reason: String) async {
        await withdraw(digest, because: reason) { true }
    }

    /// Deletes the blob's file, unless the blob has come anew since that one was looked at.
    public func withdraw(_ digest: Digest, file: FileIdentity?, because reason: String) async {
        await withdraw(digest, because: reason) { [paths] in
            guard let now = FileIdentity(at: paths.blob(digest)) else { return true }
            return file.map { !now.isAnotherFile(than: $0) } ?? false
        }
    }

    private func withdraw(
        _ digest: Digest, because reason: String, if isStill: @escaping @Sendable () -> Bool
    ) async {
        do {
            try await BlockingWork.run { () throws(ContentError) in
                try self.remove(digest) {
                    guard isStill() else { return false }
                    self.logger.warning(
                        "a damaged blob is removed", metadata: ["digest": "\(digest)", "reason": "\(reason)"])
                    return true
                }
            }
        } catch {
            logger.error("a damaged blob cannot be removed", metadata: ["reason": "\(error)"])
        }
    }

    /// Holds a blob back until it has been read again, or has come again: part of its file could not be read. It stays where it is, for
    /// a disk may be well again, and nobody else may have it.
    /// - Parameter file: the one that was read. A blob that has come anew since is not doubted.
    func doubt(_ digest: Digest, _ file: FileIdentity, because reason: String) async {
        let isNews = try? await BlockingWork.run { () throws(ContentError) in
            self.blobFiles.withLock { _ in
                guard FileIdentity(at: self.paths.blob(digest))?.isAnotherFile(than: file) != true else { return false }
                let isNews = self.state.withLock { state in
                    state.ledger.size(of: digest) != nil && state.heldBack.insert(digest).inserted
                }
                guard isNews else { return false }
                self.proofs?.doubt(digest, as: file)
                self.feed.publish(.removed(digest))
                return true
            }
        }
        guard isNews == true else { return }
        logger.warning(
            "a blob cannot be read; it is not offered until it can be, or has been fetched again",
            metadata: ["digest": "\(digest)", "file": "\(paths.blob(digest))", "reason": "\(reason)"])
    }

    /// Notes that a blob's file was hashed and is right, and tells of the blob where it was held back.
    func release(_ digest: Digest, provenAs identity: FileIdentity) {
        // Where it has gone meanwhile, or was replaced by a file that was hashed on arrival, there is nothing to note.
        guard identity == FileIdentity(at: paths.blob(digest)) else { return }
        noteProof(digest, of: identity)
        let released = state.withLock { state in
            state.heldBack.remove(digest) == nil ? nil : state.ledger.size(of: digest)
        }
        if let released { feed.publish(.added(BlobInfo(digest: digest, size: released))) }
    }

    func noteProof(_ digest: Digest, of identity: FileIdentity?) {
        guard let proofs, let identity else { return }
        proofs.record(digest, as: identity, at: Int64(time(nil)))
    }
}
