public import Content
public import Discovery
import Integrity
public import Logging
import NIOCore
public import OCI
import Synchronization

/// A manifest or index, verified, and where it was asked for.
public struct ManifestAnswer: Sendable {
    public var digest: Digest
    public var mediaType: MediaType
    public var bytes: [UInt8]
    public var origin: Origin?
    /// Who gave it; nil where that is not known.
    public var source: ByteSource?

    public init(
        digest: Digest, mediaType: MediaType, bytes: [UInt8], origin: Origin?, source: ByteSource? = nil
    ) {
        self.digest = digest
        self.mediaType = mediaType
        self.bytes = bytes
        self.origin = origin
        self.source = source
    }
}

/// Answers what a tag means and what a manifest says: from this node, from peers, from upstream.
public final class ManifestResolver: Sendable {
    /// What becomes of a client whose pull cannot be finished here.
    public enum Strictness: Sendable {
        /// It asks upstream for every single object that the mirror does not have (containerd with `hosts.toml`).
        case canFallBack
        /// It stays with the mirror that gave it the manifest: answered only if the whole pull can be.
        case mustComplete
    }

    /// How long upstream is asked what a tag means where the LAN could say so too, and where nobody else knows.
    static let shortDeadline: Duration = .seconds(2)
    static let longDeadline: Duration = .seconds(15)
    /// How many holders are asked for a manifest, and how long after the one before each.
    static let holdersAsked = 16
    static let stagger: Duration = .milliseconds(40)

    let content: NodeContent
    let tags: TagMemory
    /// Says who may have what is not for everybody, and is told what upstream gave to whom.
    let gate: PrivateGate
    let directory: Directory
    let questions: Questions
    let sources: NetworkSources
    let upstream: UpstreamClient
    let memory: RepositoryMemory
    let counters: TransferCounters
    let logger: Logger
    private let policyInForce: Mutex<TagPolicy>
    private let flights = SingleFlight<Flight, Found>()

    /// What callers share who want the same: of the same repository, and with the same right to it. What upstream gives to one, or keeps from
    /// it, is no answer to another.
    private struct Flight: Hashable {
        var digest: Digest
        var origin: Origin?
        var identity: UpstreamIdentity
        var isUpstreams = false
    }

    public init(
        content: NodeContent, tags: TagMemory, directory: Directory, questions: Questions, wants: Wants,
        peers: PeerClient, blamed: BlamedPeers, upstream: UpstreamClient, memory: RepositoryMemory,
        counters: TransferCounters, policy: TagPolicy, gate: PrivateGate, logger: Logger
    ) {
        self.content = content
        self.tags = tags
        self.gate = gate
        self.directory = directory
        self.questions = questions
        self.upstream = upstream
        self.memory = memory
        self.counters = counters
        policyInForce = Mutex(policy)
        self.logger = logger
        sources = NetworkSources(
            directory: directory, questions: questions, wants: wants, peers: peers, upstream: upstream, blamed: blamed,
            logger: logger)
    }

    /// Whose word about a tag is asked first. May be changed while running.
    public var policy: TagPolicy {
        get { policyInForce.withLock { $0 } }
        set { policyInForce.withLock { $0 = newValue } }
    }

    /// A manifest and who gave it.
    struct Found: Sendable {
        var digest: Digest
        var document: ManifestDocument
        var source: ByteSource
    }

    /// Answers a request for a manifest of an upstream repository.
    ///
    /// - Parameters:
    ///   - identity: who asks, and as whom upstream is asked.
    ///   - accept: the media types that the client takes; upstream is asked for no others.
    ///   - isGet: counted as a request; a HEAD is not.
    /// - Throws: a 404 where the client had better ask upstream itself, whatever the reason.
    public func resolve(
        _ reference: ManifestReference, at origin: Origin, as identity: UpstreamIdentity = .node, accept: AcceptHeader,
        strictness: Strictness, isGet: Bool
    ) async throws(DistributionError) -> ManifestAnswer {
        memory.remember(origin)
        let types = MediaType.manifestAccept.filter { accept.accepts($0) }
        do {
            let found: Found
            switch reference {
            case .digest(let digest):
                found = try await content(digest, at: origin, as: identity)
            case .tag(let tag):
                found = try await content(
                    of: tag, at: origin, as: identity, accept: types.isEmpty ? MediaType.manifestAccept : types)
            }
            if strictness == .mustComplete, try await !canBeCompleted(found.document, at: origin, as: identity) {
                throw FetchError(
                    .notFound, "not all blobs of \(origin):\(reference) can be had through this mirror now")
            }
            if isGet { counters.answered(hit: found.source != .upstream) }
            return ManifestAnswer(
                digest: found.digest, mediaType: found.document.mediaType, bytes: found.document.bytes, origin: origin,
                source: found.source)
        } catch {
            if isGet { counters.answered(hit: false) }
            logger.debug(
                "a manifest is not answered",
                metadata: ["image": "\(origin)", "reference": "\(reference)", "reason": "\(error)"])
            throw DistributionError(
                code: .manifestUnknown, message: "\(origin) \(reference) cannot be had through this mirror: \(error)")
        }
    }

    /// A manifest that this node or a live peer holds; upstream is not asked.
    public func onLAN(_ digest: Digest, at origin: Origin) async -> ManifestDocument? {
        if let document = try? await held(digest) { return document }
        return try? await fromPeers(digest, at: origin)?.document
    }

    /// A manifest of no registry: this node's, or a peer's, and the LAN is asked for those that nobody has heard of. It is in the store
    /// then, under no name.
    /// - Throws: ``FetchError`` where nobody gives it.
    public func onLAN(_ digest: Digest) async throws -> PulledManifest {
        if let document = try await held(digest) {
            return PulledManifest(digest: digest, document: document, source: .store)
        }
        let found = try await flights.run(Flight(digest: digest, origin: nil, identity: .anybody)) {
            if let found = try await self.fromPeers(digest, at: nil) { return found }
            _ = await self.questions.whoHas(digest, wait: .milliseconds(200))
            guard let found = try await self.fromPeers(digest, at: nil) else {
                throw FetchError(.notFound, "nobody on the LAN has \(digest)")
            }
            return found
        }
        return PulledManifest(digest: digest, document: found.document, source: found.source)
    }

    /// Counts a manifest of the local namespace that was asked for: no registry had to give it.
    public func answeredLocally() { counters.answered(hit: true) }

    // MARK: By digest

    /// The manifest with a digest: own store, peers, upstream; where who asks may have it from those.
    func content(_ digest: Digest, at origin: Origin, as identity: UpstreamIdentity) async throws -> Found {
        if try await gate.admission(of: digest, at: origin, as: identity) == .upstreamOnly {
            return try await flights.run(
                Flight(digest: digest, origin: origin, identity: identity, isUpstreams: true)
            ) {
                try await self.fromUpstream(
                    .digest(digest), at: origin, as: identity, accept: MediaType.manifestAccept)
            }
        }
        if let document = try await held(digest) { return Found(digest: digest, document: document, source: .store) }
        return try await flights.run(Flight(digest: digest, origin: origin, identity: identity)) {
            if let found = try await self.fromPeers(digest, at: origin) { return found }
            do throws(UpstreamError) {
                return try await self.fromUpstream(
                    .digest(digest), at: origin, as: identity, accept: MediaType.manifestAccept)
            } catch {
                // A peer that nobody has heard of yet may have it.
                _ = await self.questions.whoHas(digest, wait: .milliseconds(200))
                guard let found = try await self.fromPeers(digest, at: origin) else { throw error }
                return found
            }
        }
    }

    /// The manifest from this node's stores. Small enough to be hashed each time: what a disk has spoilt is never answered. What it does
    /// not give at all may be had elsewhere.
    func held(_ digest: Digest) async throws -> ManifestDocument? {
        let bytes: [UInt8]
        do {
            guard let blob = try await content.open(digest) else { return nil }
            defer { blob.close() }
            guard blob.size <= ManifestDocument.maximumSize else { return nil }
            bytes = try await blob.readAll(limit: ManifestDocument.maximumSize)
        } catch let error as ContentError {
            logger.warning(
                "a held manifest cannot be read; it is asked for elsewhere",
                metadata: ["digest": "\(digest)", "reason": "\(error)"])
            return nil
        }
        let actual = ContentHasher.digest(of: bytes, algorithm: digest.algorithm)
        guard actual == digest else {
            await content.withdraw(digest, because: "its bytes hash to \(actual)")
            return nil
        }
        counters.readFromStore(Int64(bytes.count))
        return try ManifestDocument(bytes: bytes, mediaType: content.images(of: digest).first?.mediaType)
    }

    /// The first holder that gives it. One after another is asked without waiting for those before: some may be dead, and say nothing.
    private func fromPeers(_ digest: Digest, at origin: Origin?) async throws -> Found? {
        let holders = sources.holders(of: digest).prefix(Self.holdersAsked)
        let first = await withTaskGroup(of: (NodeID, ManifestDocument)?.self) { group in
            for (place, peer) in holders.enumerated() {
                group.addTask {
                    guard (try? await Task.sleep(for: Self.stagger * place)) != nil else { return nil }
                    do {
                        return (peer, try await self.fetch(digest, from: peer))
                    } catch {
                        self.logger.debug(
                            "a peer did not give a manifest", metadata: ["peer": "\(peer)", "reason": "\(error)"])
                        return nil
                    }
                }
            }
            defer { group.cancelAll() }
            return await group.first { $0 != nil } ?? nil
        }
        guard let (peer, document) = first else { return nil }
        if let origin {
            await keep(document, digest, at: origin)
        } else {
            await keep(document, digest)
        }
        return Found(digest: digest, document: document, source: .peer(peer))
    }

    private func fetch(_ digest: Digest, from peer: NodeID) async throws -> ManifestDocument {
        let stream = try await sources.open(.peer(peer), digest, origins: [], as: .anybody, range: nil, wait: nil)
        var bytes: [UInt8] = []
        while let chunk = try await stream.next() {
            counters.received(Int64(chunk.readableBytes), from: .peer(peer))
            counters.credit([peer: Int64(chunk.readableBytes)])
            guard bytes.count + chunk.readableBytes <= ManifestDocument.maximumSize else {
                throw FetchError(.broken, "\(digest) is larger than a manifest may be")
            }
            bytes.append(contentsOf: chunk.readableBytesView)
        }
        guard ContentHasher.digest(of: bytes, algorithm: digest.algorithm) == digest else {
            sources.blame(.init(peer: peer, digest: digest, piece: nil, isConvicted: true))
            throw FetchError(.damaged, "\(digest): the peer's bytes have another digest")
        }
        return try ManifestDocument(bytes: bytes, mediaType: nil)
    }

    func fromUpstream(
        _ reference: ManifestReference, at origin: Origin, as identity: UpstreamIdentity, accept: [MediaType]
    ) async throws(UpstreamError) -> Found {
        let answer = try await upstream.manifest(
            reference, at: origin, as: identity, accept: accept, deadline: .seconds(30))
        counters.received(Int64(answer.bytes.count), from: .upstream)
        let document: ManifestDocument
        do {
            document = try ManifestDocument(bytes: answer.bytes, mediaType: answer.mediaType)
            gate.gave(answer.digest, at: origin, as: identity, anonymous: answer.anonymous)
            await keep(document, answer.digest, at: origin)
        } catch {
            throw UpstreamError(code: .broken, message: "\(origin) \(reference): \(error)", registry: origin.registry)
        }
        return Found(digest: answer.digest, document: document, source: .upstream)
    }

    /// Puts a verified manifest into the store, under no name.
    private func keep(_ document: ManifestDocument, _ digest: Digest) async {
        do throws(ContentError) {
            try await content.layout.put(document.bytes, as: digest)
        } catch {
            logger.notice("a manifest is not kept", metadata: ["digest": "\(digest)", "reason": "\(error)"])
        }
    }

    /// Puts a verified manifest into the store, with the tag that led to it; a full disk only means that it is not kept.
    func keep(_ document: ManifestDocument, _ digest: Digest, at origin: Origin, tag: Tag? = nil) async {
        let image = ImageRecord(
            reference: tag.map { ImageReference(origin: origin, tag: $0) }, origin: origin, digest: digest,
            mediaType: document.mediaType, size: Int64(document.bytes.count), knownGood: WallClock.now)
        do throws(ContentError) {
            try await content.layout.put(document.bytes, as: digest)
            try await content.layout.record(image)
        } catch {
            logger.notice(
                "a manifest is not kept",
                metadata: [
                    "image": "\(image.reference?.description ?? "\(origin)@\(digest)")", "reason": "\(error)",
                ])
        }
    }
}
