import Content
import Discovery
import Glibc
import Integrity
import Logging
public import OCI
import Synchronization
import Transfer

/// A manifest that was taken in.
public struct PushedManifest: Sendable {
    public var digest: Digest
    /// What it refers to: the client is told that the referrers API knows of it.
    public var subject: Digest?
}

/// Manifests come in, names come to mean something.
extension LocalRegistry {
    /// Takes in a manifest or index (distribution-spec, "Pushing Manifests").
    ///
    /// When this returns, everything is on disk.
    /// - Throws: MANIFEST_INVALID, DIGEST_INVALID, MANIFEST_BLOB_UNKNOWN, SIZE_INVALID (413), NAME_INVALID, DENIED where a limit is reached.
    public func push(
        _ bytes: [UInt8], mediaType: MediaType?, as name: LocalName
    ) async throws(DistributionError) -> PushedManifest {
        try permit(name.repository)
        let document = try Self.read(bytes, mediaType)
        let algorithm = name.reference.digest?.algorithm ?? .sha256
        let digest = ContentHasher.digest(of: bytes, algorithm: algorithm)
        if let asked = name.reference.digest, asked != digest {
            throw DistributionError(
                code: .digestInvalid, message: "the manifest has the digest \(digest)", detail: asked.description)
        }
        let blobs = try await checkNames(of: document)
        try await bring(document, for: name.repository)
        try await checkBlobs(blobs)
        try await stored { () throws(ContentError) in
            try await content.layout.put(bytes, as: digest, isKept: true)
        }
        noteRecent(digest)
        try await mean(
            Meant(
                digest: digest, mediaType: document.mediaType, size: Int64(bytes.count),
                subject: document.subject?.digest), by: name)
        return PushedManifest(digest: digest, subject: document.subject?.digest)
    }

    /// What a name is to mean.
    struct Meant {
        var digest: Digest
        var mediaType: MediaType
        var size: Int64
        var subject: Digest?
    }

    /// Makes a name mean a manifest that is here, and the manifest a member of the repository.
    func mean(_ meant: Meant, by name: LocalName) async throws(DistributionError) {
        var wanted = [LocalName(name.repository, .digest(meant.digest))]
        if name != wanted[0] { wanted.append(name) }
        for name in wanted where names[name] == nil && neighbours.claims(for: name).isEmpty {
            // A later push must win over one that this node has not heard of, whatever its clock says.
            await neighbours.ask(for: name, wait: Self.question / 4)
        }
        try await say(wanted) { name, version in
            NameRecord(
                name: name, digest: meant.digest, mediaType: meant.mediaType, size: meant.size, version: version,
                subject: meant.subject, isOwn: true, since: WallClock.now)
        }
        // A manifest that is pushed by its digest may be one of an index that is still to come.
        if name.reference.tag != nil { settle(meant.digest) }
        tell(.named(name, meant.digest))
    }

    /// Says something new of names: later than everything that is known of them.
    func say(
        _ wanted: [LocalName], _ record: @escaping @Sendable (LocalName, NameVersion) -> NameRecord
    ) async throws(DistributionError) {
        let (own, neighbours, limit) = (own, neighbours, limits.repositories)
        let said: [NameRecord]
        do {
            said = try await names.change { table in
                try wanted.map { name in
                    let known =
                        neighbours.claims(for: name).compactMap(\.version) + [table[name]?.version].compactMap(\.self)
                    guard let version = NameClock.next(after: known, now: Self.milliseconds, author: own) else {
                        throw DistributionError(
                            code: .denied,
                            message: "a node has given \(name) a version that nothing can follow; use another tag")
                    }
                    let said = record(name, version)
                    if !said.isDeleted { try Self.permit(name, in: table, repositories: limit) }
                    _ = table.merge(said)
                    return said
                }
            }
        } catch let error as DistributionError {
            throw error
        } catch {
            throw DistributionError(
                code: .unknown, message: "the name cannot be written down: \(error)",
                status: error.isNoSpace ? 507 : 500)
        }
        for record in said {
            do throws(ContentError) {
                try await list([record])
            } catch {
                // It is pushed all the same; the next name that is written brings this one along.
                logger.warning("index.json cannot be written now", metadata: ["reason": "\(error)"])
            }
        }
    }

    // MARK: What may be pushed

    /// Whether a repository takes pushes at all.
    func permit(_ repository: RepositoryName) throws(DistributionError) {
        guard limits.repositories > 0 else {
            throw DistributionError(code: .denied, message: "pushing is turned off: push.repositories is 0")
        }
        guard repository.firstComponent != LocalRegistry.contentAddressed else {
            throw DistributionError(
                code: .denied,
                message:
                    "what is below \(LocalRegistry.contentAddressed)/ names content by its digest: push to another name"
            )
        }
        let table = names.table
        try Self.permit(LocalName(repository, .tag(.latest)), in: table, repositories: limits.repositories)
    }

    private static func permit(
        _ name: LocalName, in table: NameTable, repositories limit: Int
    ) throws(DistributionError) {
        guard table[name] == nil else { return }
        guard table.count < NameTable.limit else {
            throw DistributionError(
                code: .denied,
                message: "this node knows \(NameTable.limit) names, and takes no more; remove some with 'shoal rm'")
        }
        guard table.all(in: name.repository).isEmpty else { return }
        guard table.repositories.count < limit else {
            throw DistributionError(
                code: .denied,
                message:
                    "there are \(limit) repositories already; raise push.repositories, or remove images with 'shoal rm'"
            )
        }
    }

    private static func read(_ bytes: [UInt8], _ mediaType: MediaType?) throws(DistributionError) -> ManifestDocument {
        guard bytes.count <= ManifestDocument.maximumSize else {
            throw DistributionError(
                code: .sizeInvalid, message: "a manifest may have \(ManifestDocument.maximumSize) bytes", status: 413)
        }
        do throws(OCIError) {
            return try ManifestDocument(bytes: bytes, mediaType: mediaType)
        } catch {
            throw DistributionError(code: .manifestInvalid, message: error.message)
        }
    }

    private static var milliseconds: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }
}

extension Error {
    fileprivate var isNoSpace: Bool { "\(self)".contains("No space left") }
}
