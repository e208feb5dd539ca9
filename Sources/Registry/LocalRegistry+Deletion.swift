import Content
import Discovery
public import OCI
import Synchronization
import Transfer

/// Names go, and content that nothing needs.
extension LocalRegistry {
    /// Deletes a tag, or a manifest with all tags that mean it (distribution-spec, "Content Management"). Every node comes to know.
    ///
    /// The blobs go later: see `shoal gc`.
    /// - Throws: MANIFEST_UNKNOWN where there is no such name.
    public func delete(_ name: LocalName) async throws(DistributionError) {
        let meaning = await meaning(of: name)
        guard let meaning, !meaning.isDeleted else {
            throw DistributionError(code: .manifestUnknown, message: "\(name) is not known, or deleted already")
        }
        var gone = [name: meaning]
        if let digest = name.reference.digest {
            for (other, meaning) in meanings(in: name.repository) where meaning.digest == digest && !meaning.isDeleted {
                gone[other] = meaning
            }
        }
        let (meanings, table) = (gone, names.table)
        try await say(gone.keys.sorted()) { name, version in
            let meaning = meanings[name] ?? meaning
            return NameRecord(
                name: name, digest: meaning.digest, mediaType: meaning.mediaType, size: table[name]?.size ?? 0,
                version: version, isDeleted: true, subject: meaning.subject, isOwn: true, since: WallClock.now)
        }
        for digest in Set(gone.values.map(\.digest)) { settle(digest) }
        for (name, meaning) in gone.sorted(by: { $0.key < $1.key }) { tell(.removed(name, meaning.digest)) }
    }

    /// Deletes a blob that nothing refers to.
    /// - Throws: BLOB_UNKNOWN where it is not here, UNSUPPORTED (405) where an image needs it, or it is the runtime's.
    public func deleteBlob(_ digest: Digest) async throws(DistributionError) {
        guard content.size(of: digest) != nil else {
            throw DistributionError(
                code: .blobUnknown, message: "\(digest) is not on this node", detail: digest.description)
        }
        guard content.layout.size(of: digest) != nil else {
            throw DistributionError(
                code: .unsupported,
                message: "\(digest) belongs to the container runtime of this node; remove its image there")
        }
        let decision = content.layout.beginKeeping()
        let kept = keepPlan(recent: []).kept
        guard !kept.contains(digest), content.layout.images(needing: digest).allSatisfy({ isGone($0) }) else {
            throw DistributionError(
                code: .unsupported, message: "\(digest) is part of an image; delete that image's manifest first")
        }
        recent.withLock { $0.remove(digest) }
        do throws(ContentError) {
            if try await content.layout.deleteUnlessKept(digest, since: decision) { return }
        } catch {
            throw DistributionError(error)
        }
        // Where it is gone without this it is as good.
        guard content.layout.size(of: digest) == nil else {
            throw DistributionError(
                code: .unsupported, message: "\(digest) is wanted by a push that is under way; try again after it")
        }
    }

    /// Whether a record of the store's is of a name that has been deleted.
    private func isGone(_ image: ImageRecord) -> Bool {
        guard let reference = image.reference, let name = LocalName(reference) else { return false }
        return names[name]?.isDeleted ?? false
    }
}
