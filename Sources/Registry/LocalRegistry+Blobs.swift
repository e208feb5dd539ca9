public import Content
import Integrity
import NIOCore
public import OCI
import Synchronization
import Transfer

/// Blobs come in.
extension LocalRegistry {
    /// Makes a whole upload a blob, if its bytes have the digest; else it is gone.
    /// - Throws: DIGEST_INVALID, BLOB_UPLOAD_UNKNOWN, and what the disk says.
    public func finish(
        _ upload: UploadName, in repository: RepositoryName, as digest: Digest
    ) async throws(DistributionError) {
        let file = try uploads.take(upload, in: repository)
        try await commit(file, as: digest)
        uploaded.withLock { $0.insert(digest, now: .now) }
    }

    func commit(_ file: UploadFile, as digest: Digest) async throws(DistributionError) {
        do throws(ContentError) {
            _ = try await take(file, declared: digest)
        } catch {
            guard error.code == .digestMismatch else { throw DistributionError(error) }
            throw DistributionError(code: .digestInvalid, message: error.message, detail: digest.description)
        }
    }

    /// Takes an upload into the store.
    /// - Parameter declared: what its bytes must have; nil: whatever SHA-256 says.
    /// - Throws: `.digestMismatch`, and what the disk says; the upload is gone then.
    func take(_ file: UploadFile, declared: Digest?) async throws(ContentError) -> (digest: Digest, size: Int64) {
        do throws(ContentError) {
            let (digest, chain) = try await file.digest(declared?.algorithm ?? .sha256)
            guard declared == nil || declared == digest else {
                throw ContentError(
                    .digestMismatch,
                    "the \(file.count) bytes that came as \(declared?.description ?? "a blob") have \(digest)")
            }
            noteRecent(digest)
            let size = file.count
            _ = try await content.layout.commit(file, as: digest, size: size, isKept: true)
            if let chain { chains.keep(chain) }
            return (digest, size)
        } catch {
            file.discard()
            throw error
        }
    }

    /// Begins an upload, if the repository takes pushes.
    public func begin(in repository: RepositoryName) throws(DistributionError) -> UploadName {
        try permit(repository)
        return try uploads.begin(in: repository)
    }

    /// Whether a blob that is somewhere at hand can be used in another repository without being pushed again (distribution-spec,
    /// "Mounting a blob from another repository"). It is in this node's own store then.
    public func mount(_ digest: Digest, in repository: RepositoryName) async throws(DistributionError) -> Bool {
        try permit(repository)
        guard isAtHand(digest), await mayBeMounted(digest) else { return false }
        do throws(DistributionError) {
            try await bring(digest, for: repository)
            return true
        } catch {
            // Then it is pushed.
            return false
        }
    }

    private func isAtHand(_ digest: Digest) -> Bool {
        content.size(of: digest) != nil
    }

    // MARK: What a manifest names

    /// Brings everything that a manifest names into this node's own store: what was pushed here is kept here, whatever becomes of the
    /// runtime's copy and of other nodes.
    /// - Throws: MANIFEST_BLOB_UNKNOWN naming what is nowhere, MANIFEST_INVALID where a size is wrong.
    func bring(_ document: ManifestDocument, for repository: RepositoryName) async throws(DistributionError) {
        var brought: Set<Digest> = []
        try await bring(document, for: repository, &brought)
    }

    /// - Parameter brought: the manifests that were brought already: indexes may name each other's again and again.
    private func bring(
        _ document: ManifestDocument, for repository: RepositoryName, _ brought: inout Set<Digest>
    ) async throws(DistributionError) {
        for blob in document.blobs {
            try await bring(blob.digest, for: repository)
            try checkSize(blob)
        }
        for child in document.children where !child.isForeign {
            if brought.insert(child.digest).inserted { try await bring(single: child, for: repository, &brought) }
            try checkSize(child)
        }
    }

    private func checkSize(_ descriptor: Descriptor) throws(DistributionError) {
        guard let size = content.layout.size(of: descriptor.digest), size != descriptor.size else { return }
        throw DistributionError(
            code: .manifestInvalid,
            message: "\(descriptor.digest) has \(size) bytes, and the manifest says \(descriptor.size)",
            detail: descriptor.digest.description)
    }

    func bring(_ digest: Digest, for repository: RepositoryName) async throws(DistributionError) {
        noteRecent(digest)
        content.layout.keepToo(digest)
        guard content.layout.size(of: digest) == nil else { return }
        do {
            if let reader = try await content.open(digest) {
                defer { reader.close() }
                try await copy(reader, as: digest)
            } else {
                // From another node. A registry is asked only where a repository of this name has one: a client that asked whether the
                // blob is here was told what that registry said.
                let origin =
                    memory.registry(for: repository).map { Origin(registry: $0, repository: repository) }
                    ?? content.origins(of: digest).first
                let reader = try await fetcher.open(BlobQuestion(digest: digest, origin: origin), isRequest: false)
                defer { reader.close() }
                try await read(reader, digest)
            }
        } catch let error as DistributionError {
            throw error
        } catch {
            throw Self.unknown(digest)
        }
    }

    /// Brings one manifest of an index, with what it names.
    func bring(single child: Descriptor, for repository: RepositoryName) async throws(DistributionError) {
        var brought: Set<Digest> = [child.digest]
        try await bring(single: child, for: repository, &brought)
    }

    private func bring(
        single child: Descriptor, for repository: RepositoryName, _ brought: inout Set<Digest>
    ) async throws(DistributionError) {
        noteRecent(child.digest)
        content.layout.keepToo(child.digest)
        let found: PulledManifest
        do {
            found = try await resolver.onLAN(child.digest)
        } catch {
            throw Self.unknown(child.digest)
        }
        try await stored { () throws(ContentError) in
            try await content.layout.put(found.document.bytes, as: child.digest, isKept: true)
        }
        try await bring(found.document, for: repository, &brought)
    }

    /// The runtime's copy goes when the runtime wants: it is copied.
    private func copy(_ reader: any BlobReader, as digest: Digest) async throws {
        guard let scratch = try? RepositoryName("copies") else { return }
        let name = try uploads.begin(in: scratch)
        let offset = Mutex<Int64>(0)
        do {
            _ = try await uploads.append(to: name, in: scratch, at: 0) {
                let position = offset.withLock { $0 }
                guard position < reader.size else { return nil }
                let slice = try await reader.next(at: position, limit: min(1 << 20, reader.size - position))
                offset.withLock { $0 += slice.length }
                return ByteBuffer(bytes: try await slice.bytes())
            }
        } catch {
            try? uploads.cancel(name, in: scratch)
            throw error
        }
        try await commit(try uploads.take(name, in: scratch), as: digest)
    }

    /// Reads a blob to its end: it is in the store then, or a moment later.
    private func read(_ reader: any BlobReader, _ digest: Digest) async throws {
        var offset: Int64 = 0
        while offset < reader.size {
            offset += try await reader.next(at: offset, limit: reader.size - offset).length
        }
        while content.layout.size(of: digest) == nil {
            guard fetcher.isFetching(digest) || content.layout.size(of: digest) != nil else {
                throw Self.unknown(digest)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    static func unknown(_ digest: Digest) -> DistributionError {
        DistributionError(
            code: .manifestBlobUnknown,
            message:
                "the manifest names \(digest), which is not here and which nobody who is there can give: push it first",
            detail: digest.description)
    }

    // MARK: What was pushed lately

    func noteRecent(_ digest: Digest) {
        recent.withLock { $0.note(digest, now: WallClock.now) }
    }

    /// Whoever pushes was told that a blob need not be sent: it stays for the manifest that names it.
    public func promised(_ digest: Digest, in repository: RepositoryName) {
        // Who may not push there is told nothing that a push could rely on; what is not in this node's own store is brought there by the push.
        guard content.layout.size(of: digest) != nil, (try? permit(repository)) != nil else { return }
        noteRecent(digest)
        content.layout.keepToo(digest)
    }

    /// What a manifest leads to has a name now, or none any more: no push under way holds it.
    func settle(_ manifest: Digest) {
        var (pending, seen): ([Digest], Set<Digest>) = ([manifest], [])
        while let digest = pending.popLast() {
            guard seen.insert(digest).inserted else { continue }
            pending += content.layout.children(of: digest)
        }
        recent.withLock { recent in seen.forEach { recent.settle($0) } }
    }

    /// Blobs that pushes and loads under way rely on, whatever the grace time, and those that came within it.
    /// - Parameter grace: seconds; nil: as configured.
    func recentBlobs(now: Int64, grace: Int64? = nil) -> Set<Digest> {
        let configured = max(limits.grace.components.seconds, 60)
        return recent.withLock { recent in
            recent.expire(after: configured, now: now)
            return recent.blobs(within: grace == 0 ? 0 : configured, now: now)
        }
    }
}
