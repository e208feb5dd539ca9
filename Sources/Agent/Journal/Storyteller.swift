import OCI

/// What the admin endpoint tells of what has happened.
public protocol Storytelling: Sendable {
    /// The last pulls, the newest first.
    func journal(last count: Int) async -> JournalSnapshot
    /// The last pulls of an image, and what a pull would find now.
    func explain(_ query: LocateQuery, last count: Int) async -> ExplainSnapshot
    /// What happens from now on; nil where too many listen already.
    func listen() -> Listener?
}

/// Tells it from the journal, and from what the agent knows now.
struct Storyteller: Storytelling {
    let journal: Journal
    let happenings: Happenings
    let source: any AdminSource
    /// What this node and its peers have of a blob; the size where somebody else says it.
    let look: @Sendable (Digest, Int64?) -> LocateSnapshot.Blob
    let isUnreachable: @Sendable (RegistryName) -> Bool

    func journal(last count: Int) async -> JournalSnapshot {
        JournalSnapshot(pulls: await journal.entries(count))
    }

    func listen() -> Listener? { happenings.listen() }

    func explain(_ query: LocateQuery, last count: Int) async -> ExplainSnapshot {
        var blobs = await source.locate(query).blobs
        let meant: Digest? =
            switch query {
            case .digest(let digest): digest
            case .image(let image): image.digest ?? blobs.first?.digest
            }
        let name = query.description
        let pulls = await journal.entries(count) { entry in
            entry.image == name || meant.map(entry.isAbout) ?? false
        }
        if case .image = query {
            // Of what nobody at hand has the manifest, the last pull knows the parts.
            let known = Set(blobs.map(\.digest))
            blobs += (pulls.first?.blobs ?? []).filter { !known.contains($0.digest) }.map { look($0.digest, $0.size) }
        } else if blobs.isEmpty, let meant, !pulls.isEmpty {
            blobs = [look(meant, pulls.lazy.flatMap(\.blobs).first { $0.digest == meant }?.size)]
        }
        let upstream = upstream(of: query, pulls.first)
        return ExplainSnapshot(query: name, pulls: pulls, now: blobs.map { .init($0, fromUpstream: upstream) })
    }

    private func upstream(of query: LocateQuery, _ pull: JournalEntry?) -> ExplainSnapshot.Upstream {
        let image: ImageReference? =
            switch query {
            case .image(let image): image
            case .digest: pull.flatMap { try? ImageReference(normalizing: $0.image) }
            }
        guard let registry = image?.origin?.registry else { return .unknown }
        return isUnreachable(registry) ? .unreachable : .wouldBeAsked
    }
}

extension JournalEntry {
    /// Whether it is a pull of this manifest, or asked for this blob.
    func isAbout(_ digest: Digest) -> Bool { self.digest == digest || blobs.contains { $0.digest == digest } }
}
