import Glibc
import Logging
public import OCI
import Synchronization
import SystemPackage

/// containerd checked a blob's digest when it took it in, and never since: what this agent has read itself is proven.
extension ContainerdStore: ProvableStore {
    /// Whether this agent has hashed the very file that containerd has of a blob.
    public func isProven(_ digest: Digest) -> Bool {
        guard let blob = read({ $0.blobs[digest] }), blob.isOffered else { return false }
        return proofs.isProven(digest, as: blob.identity)
    }

    public func provable() -> [ProvableBlob] {
        let blobs = read { $0.blobs.filter { $1.standing == .offered || $1.standing == .heldBack } }
        return blobs.map { digest, blob in
            ProvableBlob(
                digest: digest, size: blob.size, provenAt: proofs.provenAt(digest, as: blob.identity),
                isHeldBack: blob.standing == .heldBack, isDoubted: proofs.isDoubted(digest))
        }
    }

    public func openToProve(_ digest: Digest) async throws(ContentError) -> ProofReading? {
        // What is known to be damaged is that until its file is another one: reading it again would tell nothing new.
        guard let blob = read({ $0.blobs[digest] }), blob.standing != .damaged else { return nil }
        return try opening(digest, blob)
    }

    public func proved(_ digest: Digest, as identity: FileIdentity) async {
        guard read({ $0.blobs[digest] })?.identity == identity else { return }
        proofs.record(digest, as: identity, at: Int64(time(nil)))
        change { state in
            var news = state.judge(digest, isDoubtful: self.isDoubtful)
            // Where it was offered before, it is told again as what it is now.
            if news.changes.isEmpty { news.changes = [.images] }
            return news
        }
    }

    /// Hides the blob until its file is another one: the file is containerd's, and containerd's to mend.
    public func withdraw(_ digest: Digest, because reason: String) async {
        proofs.forget(digest)
        let news = change { $0.withdraw(digest, because: reason) }
        guard !news.changes.isEmpty else { return }
        warnOfDamage(digest, reason)
    }

    /// The same, where the file has not been replaced since it was looked at.
    public func withdraw(_ digest: Digest, file: FileIdentity?, because reason: String) async {
        if let file {
            if let known = read({ $0.blobs[digest] })?.identity, known.isAnotherFile(than: file) { return }
        } else if let path = connection.withLock({ $0.files })?.path(of: digest), FileIdentity(at: path) != nil {
            return
        }
        await withdraw(digest, because: reason)
    }

    /// Holds a blob back until its file has been read again, or is another one: part of it could not be read, and a disk may be well
    /// again.
    func doubt(_ digest: Digest, _ file: FileIdentity, at path: FilePath, because reason: String) {
        // It may have been cut, or have come anew.
        if let now = FileIdentity(at: path), now != file { return look(at: digest, .there(now)) }
        proofs.doubt(digest, as: file)
        let news = change { $0.judge(digest, .there(file), isDoubtful: self.isDoubtful) }
        guard !news.changes.isEmpty else { return }
        logger.warning(
            "a blob of containerd's cannot be read; it is not offered until it can be, or has been pulled again",
            metadata: ["digest": "\(digest)", "file": "\(path)", "reason": "\(reason)"])
    }

    /// A blob's file turned out to be damaged without being read.
    func found(_ damage: Damage, of digest: Digest) {
        proofs.forget(digest)
        warnOfDamage(digest, damage.reason)
    }

    public func damaged() -> [DamagedBlob] {
        read { state in
            state.blobs.compactMap { digest, blob in
                guard blob.standing == .damaged, let damage = state.damage[digest] else { return nil }
                return DamagedBlob(digest: digest, size: blob.size, reason: damage.reason)
            }
        }
    }

    private func warnOfDamage(_ digest: Digest, _ reason: String) {
        let names = read { $0.names(of: digest) }
        logger.warning(
            "a blob of containerd's is damaged; it is not offered any more, pull its image anew after removing it",
            metadata: [
                "digest": "\(digest)", "reason": "\(reason)",
                "images": "\(names.prefix(5).map(\.description).joined(separator: ", "))",
            ])
    }
}
