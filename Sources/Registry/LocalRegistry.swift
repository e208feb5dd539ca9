public import Content
public import Discovery
import Integrity
public import Logging
public import OCI
import Synchronization
public import Transfer

/// Images without a registry: the local namespace, whose storage is this node and the LAN.
///
/// Names are registers with versions, so that whoever hears the same words about a name says the same of it. Content is what the stores
/// of all nodes hold.
public final class LocalRegistry: Sendable {
    /// How long others are asked for a name that nobody has told of.
    static let question: Duration = .milliseconds(200)

    let content: NodeContent
    public let names: NameBook
    public let uploads: Uploads
    let neighbours: any Neighbours
    let resolver: ManifestResolver
    let fetcher: BlobFetcher
    let chains: ChainStore
    let memory: RepositoryMemory
    /// Says who may have what a registry does not hand out to anybody.
    let gate: PrivateGate
    let own: NodeID
    let limits: RegistryLimits
    let logger: Logger
    let tell: @Sendable (RegistryChange) -> Void
    /// Blobs that were pushed lately: the manifest that names them may be on its way.
    let recent = Mutex(RecentBlobs())
    /// Blobs whose bytes a client has sent.
    let uploaded = Mutex(UploadedBlobs())

    public init(
        content: NodeContent, names: NameBook, uploads: Uploads, neighbours: any Neighbours,
        resolver: ManifestResolver, fetcher: BlobFetcher, chains: ChainStore, memory: RepositoryMemory,
        gate: PrivateGate, own: NodeID, limits: RegistryLimits, logger: Logger,
        tell: @escaping @Sendable (RegistryChange) -> Void = { _ in }
    ) {
        self.content = content
        self.names = names
        self.uploads = uploads
        self.neighbours = neighbours
        self.resolver = resolver
        self.fetcher = fetcher
        self.chains = chains
        self.memory = memory
        self.gate = gate
        self.own = own
        self.limits = limits
        self.logger = logger
        self.tell = tell
    }

    /// Whether anybody has pushed to a repository.
    public func knows(_ repository: RepositoryName) -> Bool {
        !names.table.all(in: repository).isEmpty || !neighbours.claims(in: repository).isEmpty
    }

    // MARK: What a name means

    /// What a name means, after this node and the others were heard; nil where nobody says anything.
    public func meaning(of name: LocalName, asks: Bool = true) async -> NameMeaning? {
        var claims = neighbours.claims(for: name)
        if claims.isEmpty, asks, names[name] == nil {
            await neighbours.ask(for: name, wait: Self.question)
            claims = neighbours.claims(for: name)
        }
        return NameMeaning.newest(names[name], claims)
    }

    /// The manifest that a tag means, or a member of a repository.
    ///
    /// - Parameter identity: who asks.
    /// - Throws: MANIFEST_UNKNOWN where nobody knows the name, where it was deleted, and where nobody who is there has the content.
    public func resolve(
        _ name: LocalName, as identity: UpstreamIdentity = .node, isGet: Bool
    ) async throws(DistributionError) -> ManifestAnswer {
        let meaning = await meaning(of: name)
        if let meaning, meaning.isDeleted {
            throw DistributionError(code: .manifestUnknown, message: "\(name) was deleted")
        }
        let digest: Digest
        switch (meaning, name.reference) {
        case (let meaning?, _): digest = meaning.digest
        // Content by its digest is the same wherever it is asked for.
        case (nil, .digest(let asked)):
            try await admit(asked, as: identity)
            digest = asked
        case (nil, .tag):
            // An image that the runtime has under such a name, and nobody pushed.
            guard let image = content.image(for: name.image) else {
                throw DistributionError(
                    code: .manifestUnknown,
                    message:
                        "\(name) is not known: nobody who is there has pushed it, or their word does not count here (tags.believe)"
                )
            }
            digest = image.digest
        }
        let found: PulledManifest
        do {
            found = try await resolver.onLAN(digest)
        } catch {
            throw DistributionError(
                code: .manifestUnknown, message: "\(name) is \(digest), which nobody who is there can give: \(error)")
        }
        if isGet { resolver.answeredLocally() }
        if let meaning { await heard(name, meaning, found) }
        let mediaType = meaning?.mediaType ?? names[LocalName(name.repository, .digest(digest))]?.mediaType
        return ManifestAnswer(
            digest: digest, mediaType: mediaType ?? found.document.mediaType, bytes: found.document.bytes, origin: nil,
            source: found.source)
    }

    /// Remembers what was heard of a name whose content is here now: this node can tell others when the one that said it is gone.
    private func heard(_ name: LocalName, _ meaning: NameMeaning, _ found: PulledManifest) async {
        guard let version = meaning.version, names[name].map({ $0.version < version }) ?? true else { return }
        let record = NameRecord(
            name: name, digest: meaning.digest, mediaType: meaning.mediaType, size: Int64(found.document.bytes.count),
            version: version, subject: meaning.subject, isOwn: false, since: WallClock.now)
        await remember([record])
    }

    /// Takes in what others have said of names that were pushed here, and is newer: what was replaced elsewhere need not be kept.
    public func hearOthers() async {
        var news: [NameRecord] = []
        for record in names.table.all {
            guard let meaning = NameMeaning.newest(record, neighbours.claims(for: record.name)),
                let version = meaning.version, version > record.version
            else { continue }
            var newer = record
            newer.digest = meaning.digest
            newer.mediaType = meaning.mediaType
            newer.version = version
            newer.isDeleted = meaning.isDeleted
            newer.subject = meaning.subject
            newer.isOwn = false
            newer.since = WallClock.now
            news.append(newer)
        }
        if !news.isEmpty { await remember(news) }
    }

    /// One write for all: after a partition there may be thousands.
    private func remember(_ records: [NameRecord]) async {
        do {
            try await names.change { table in
                for record in records {
                    // Without room nothing is lost: it is asked for again.
                    guard table.count < NameTable.limit || table[record.name] != nil else { continue }
                    _ = table.merge(record)
                }
            }
            try await list(records)
        } catch {
            logger.warning(
                "what others say of names cannot be written down",
                metadata: ["names": "\(records.count)", "reason": "\(error)"])
        }
    }

    /// Brings the layout's `index.json` in step with a name, so that other programs find the image in the store.
    func list(_ records: [NameRecord]) async throws(ContentError) {
        let isListed = { (record: NameRecord) in !record.isDeleted && self.content.layout.size(of: record.digest) != nil
        }
        try await content.layout.record(
            records.filter(isListed).map(Self.listing),
            forgetting: records.filter { !isListed($0) }.map(\.name.image))
    }

    private static func listing(_ record: NameRecord) -> ImageRecord {
        ImageRecord(
            reference: record.name.image, origin: nil, digest: record.digest, mediaType: record.mediaType,
            size: record.size, knownGood: record.since)
    }
}
