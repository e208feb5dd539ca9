import Glibc
import Logging
public import OCI
import Synchronization
import SystemPackage

/// How blobs are read: from containerd's files, or through containerd where those cannot be opened.
extension ContainerdStore {
    public func open(_ digest: Digest) async throws(ContentError) -> (any BlobReader)? {
        guard let blob = read({ $0.blobs[digest] }), blob.isOffered else { return nil }
        do {
            guard let opening = try opening(digest, blob) else { return nil }
            guard opening.identity != blob.identity else { return opening.reader }
            // Another file than was looked at last: it may have been cut, or be younger than a crash.
            look(at: digest, .there(opening.identity))
            return read { $0.blobs[digest]?.isOffered == true } ? opening.reader : nil
        } catch {
            guard error.code == .notFound else { throw error }
            look(at: digest, .missing)
            return nil
        }
    }

    /// Opens a blob. Opening a local file is short.
    /// - Throws: `.notFound` where its file is gone.
    func opening(_ digest: Digest, _ blob: HeldBlob) throws(ContentError) -> ProofReading? {
        if let files = connection.withLock({ $0.files }) {
            do throws(ContentError) {
                let path = files.path(of: digest)
                let file = try OpenFile.openUnused(path: path)
                let identity = try FileIdentity(of: file)
                let reader = StoredBlob(digest: digest, size: blob.size, file: file) { [weak self] in
                    self?.doubt(digest, identity, at: path, because: $0)
                }
                return ProofReading(reader: reader, identity: identity)
            } catch {
                guard let cause = error.cause as? Errno, cause == .permissionDenied || cause == .notPermitted else {
                    throw error
                }
            }
        }
        guard let namespace = read({ $0.namespace(of: digest) }) else { return nil }
        let reader = ServiceBlob(digest: digest, size: blob.size) { [self] offset, count in
            guard let service = connection.withLock({ $0.service }) else {
                throw ContentError(.io, "\(digest) can be read through containerd only, and containerd is away")
            }
            return try await service.read(digest, in: namespace, at: offset, count: count)
        }
        return ProofReading(reader: reader, identity: blob.identity)
    }

    /// Takes in what was found of a blob's file.
    func look(at digest: Digest, _ file: BlobFile) {
        let news = change { $0.judge(digest, file, isDoubtful: isDoubtful) }
        if file == .missing {
            logger.warning(
                "a file of containerd's is gone behind its back; the blob is not offered any more",
                metadata: ["digest": "\(digest)"])
        }
        for (digest, damage) in news.damaged { found(damage, of: digest) }
    }
}
