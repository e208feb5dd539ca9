public import Content
public import Discovery
public import Logging
import NIOCore
import NIOPosix
public import OCI
public import ServiceLifecycle
import Synchronization

/// The mirror's view of blobs: what this node holds first, then the one download of a blob on this node.
///
/// One for all who ask upstream with this node's right, and one for each client with a right of its own: what upstream gives to one is no
/// answer to another.
///
/// A service: downloads live in its ``run()``, and end with it.
public final class BlobFetcher: Service {
    private struct State {
        var downloads = RunningDownloads()
        /// Those that have just ended: others that want the blob still ask for it as for one that arrives.
        var ended: [Digest: Download] = [:]
        var isStopping = false
    }

    /// What there is one download of.
    private struct Beginning: Hashable {
        let digest: Digest
        let registry: RegistryName?
        let identity: UpstreamIdentity
    }

    /// How an agent's downloads are to be.
    public struct Rules: Sendable {
        /// Whether peers' pieces that are what was claimed of them go to readers before the whole digest is right (`peers.release`).
        public var releasesChecked = true
        /// Whether a blob of which parts were read is fetched whole (`store.complete_ranges`).
        public var completesRanges = false
        /// How many blobs may be on their way at once; one more is refused as busy.
        public var downloads = 256
        /// Whether others may be told that a blob arrives here, and have its pieces: the rule of trust.
        public var mayBeShared: @Sendable (Digest, [Origin]) -> Bool = { _, _ in false }

        public init() {}
    }

    private let content: NodeContent
    private let prover: BlobProver
    private let spool: Spool
    private let sources: any BlobSources
    private let upstream: UpstreamClient
    private let directory: Directory
    private let wants: Wants
    private let chains: ChainStore
    private let rules: Rules
    let counters: TransferCounters
    private let rates: TransferRates
    private let shares = SharesTaken()
    /// What manifests say of blobs' sizes.
    public let sizes = BlobSizes()
    private let logger: Logger
    private let tell: @Sendable (DownloadEvent) -> Void
    private let hashers: NIOThreadPool
    private let state = Mutex(State())
    /// What is being begun.
    private let beginnings = SingleFlight<Beginning, Void>()
    /// Many may ask for what is being proven: a runtime takes a layer over several connections.
    private let proofs = SingleFlight<Digest, Bool>()
    private let begun: AsyncStream<Download>
    private let begin: AsyncStream<Download>.Continuation

    public init(
        content: NodeContent, prover: BlobProver, spool: Spool, chains: ChainStore, directory: Directory,
        questions: Questions, wants: Wants, peers: PeerClient, blamed: BlamedPeers, upstream: UpstreamClient,
        rules: Rules,
        counters: TransferCounters, rates: TransferRates = .none, logger: Logger,
        tell: @escaping @Sendable (DownloadEvent) -> Void = { _ in }
    ) {
        self.content = content
        self.prover = prover
        self.spool = spool
        self.upstream = upstream
        self.directory = directory
        self.wants = wants
        self.chains = chains
        self.rules = rules
        self.counters = counters
        self.rates = rates
        self.logger = logger
        self.tell = tell
        sources = NetworkSources(
            directory: directory, questions: questions, wants: wants, peers: peers, upstream: upstream,
            blamed: blamed, logger: logger)
        hashers = NIOThreadPool(numberOfThreads: System.coreCount)
        (begun, begin) = AsyncStream.makeStream()
    }

    public func run() async throws {
        hashers.start()
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask {
                    for await digests in self.wants.changes {
                        for digest in digests { for download in self.downloads(of: digest) { download.evaluate() } }
                    }
                }
                for await download in begun {
                    group.addTask { await download.run() }
                }
                group.cancelAll()
            }
        } onGracefulShutdown: {
            self.state.withLock { $0.isStopping = true }
            self.begin.finish()
        }
        try await hashers.shutdownGracefully()
    }

    /// What may be shared is not what it was a moment ago.
    public func rulesChanged() {
        for download in state.withLock({ $0.downloads.all }) { download.evaluate() }
    }

    /// What is on its way, for status.
    public var transfers: [TransferStatus] {
        state.withLock { $0.downloads.all }.map(\.status).sorted { $0.digest < $1.digest }
    }

    /// Whether a blob is on its way, or has come and is just being put into the store.
    public func isFetching(_ digest: Digest) -> Bool { download(of: digest) != nil }

    /// What there is to see of one blob on its way.
    public func transfer(of digest: Digest) -> TransferStatus? { download(of: digest)?.status }

    /// Opens a blob for a GET.
    ///
    /// Returns when the blob's size is known and the first byte of the range may go out, so that the status line can follow.
    /// - Parameter isRequest: whether it is one of the mirror's, which are counted.
    /// - Throws: ``FetchError`` where nobody has the blob; nothing has been sent then.
    public func open(_ question: BlobQuestion, isRequest: Bool = true) async throws -> any SourcedReader {
        let counted: TransferCounters? = isRequest ? counters : nil
        if let held = try await openHeld(question.digest) {
            counted?.answered(hit: true)
            return HeldReader(held, question, counters: counters) { [weak self] question in
                try await self?.openRest(question)
            }
        }
        do {
            let reader = try await openDownload(question)
            reader.whenClosed { bytes in counted?.answered(hit: bytes.upstream == 0) }
            return reader
        } catch {
            counted?.answered(hit: false)
            throw error
        }
    }

    /// Counts a request that was not to be answered from here.
    public func refused() { counters.answered(hit: false) }

    /// The blob's size, for a HEAD: nothing is downloaded.
    ///
    /// Of a blob that is not here a manifest can say anything, and so can a peer: where they do not agree, upstream is asked first.
    public func size(of question: BlobQuestion) async throws -> Int64 {
        let running = currentSize(of: question)
        if let size = content.size(of: question.digest) ?? (running?.isUpstreams == true ? running?.bytes : nil) {
            return size
        }
        let (named, offered) = (sizes.size(of: question.digest), sources.claimedSize(of: question.digest))
        if let named, named == offered { return named }
        if let size = try await upstreamSize(of: question) ?? running?.bytes ?? offered ?? named { return size }
        throw FetchError(.notFound, "nobody who can be asked has \(question.digest)")
    }

    /// The size of a blob that this node or a peer has whole; no registry is asked, and what manifests say of sizes does not count.
    public func sizeOnLAN(of digest: Digest) -> Int64? {
        content.size(of: digest) ?? sources.claimedSize(of: digest)
    }

    /// Bytes straight from upstream, past the disk, for when it is full.
    ///
    /// - Parameter reader: the reader that could not go on; its bytes before `offset` are hashed, so that the last byte of a
    ///   whole blob is held back here too until the digest is right.
    public func passThrough(
        _ question: BlobQuestion, after reader: (any BlobReader)?, from offset: Int64, to end: Int64
    ) -> PassThrough {
        PassThrough(
            question: question, upstream: upstream, prefix: (reader as? SpoolReader)?.spool, offset: offset, end: end,
            counters: counters, hashing: WorkPool(hashers), rate: rates.upstream)
    }

    /// The size that upstream tells; nil where it cannot be asked or does not say.
    public func upstreamSize(of question: BlobQuestion) async throws -> Int64? {
        guard let origin = question.origin, !upstream.isKnownUnreachable(origin.registry) else { return nil }
        do throws(UpstreamError) {
            let size = try await upstream.blobHead(
                question.digest, at: origin, as: question.identity, deadline: .seconds(10))
            return size.flatMap { DownloadPlan.isPossible($0) ? $0 : nil }
        } catch {
            logger.debug("upstream does not tell a blob's size", metadata: ["reason": "\(error.message)"])
            return nil
        }
    }

    /// A blob that this node holds and has hashed whole.
    ///
    /// What nobody here has read yet is proven first: a runtime that gets one wrong byte fails the pull and asks nobody else. What is
    /// damaged, or cannot be read, is fetched like any other.
    private func openHeld(_ digest: Digest) async throws -> (any BlobReader)? {
        do {
            if let proven = try await openProven(digest) { return proven }
            return try await proofs.run(digest) {
                for store in content.provableStores where await prover.prove(digest, in: store) == .intact {
                    return true
                }
                return false
            } ? content.open(digest) : nil
        } catch let error as ContentError {
            logger.warning(
                "a held blob cannot be opened; it is fetched as any other",
                metadata: ["digest": "\(digest)", "reason": "\(error)"])
            return nil
        }
    }

    private func openProven(_ digest: Digest) async throws(ContentError) -> (any BlobReader)? {
        guard content.size(of: digest) != nil, content.isProven(digest) else { return nil }
        return try await content.open(digest)
    }

    /// Goes on with a held blob of which a part could not be read.
    private func openRest(_ question: BlobQuestion) async throws -> any SourcedReader {
        // Another that read it may have fetched it anew already.
        guard let held = try? await openProven(question.digest) else { return try await openDownload(question) }
        return HeldReader(held, question, counters: counters) { [weak self] question in
            try await self?.openDownload(question)
        }
    }

    // MARK: Downloads

    /// The download of a blob that others may know of: of several the first that runs.
    func shared(_ digest: Digest) -> Download? {
        let known = state.withLock { $0.downloads.of(digest) + [$0.ended[digest]].compactMap(\.self) }
        return known.first { rules.mayBeShared(digest, $0.origins) }
    }

    /// A peer has asked for pieces of a blob.
    func heard(_ node: NodeID, wants digest: Digest) {
        wants.heard(node, wants: digest)
    }

    private func downloads(of digest: Digest) -> [Download] {
        state.withLock { $0.downloads.of(digest) }
    }

    private func download(of digest: Digest) -> Download? { downloads(of: digest).first }

    /// As far as the downloads know that may answer.
    private func currentSize(of question: BlobQuestion) -> (bytes: Int64, isUpstreams: Bool)? {
        state.withLock { $0.downloads.answering(question) }.lazy.compactMap(\.currentSize).first
    }

    private func openDownload(_ question: BlobQuestion) async throws -> SpoolReader {
        let running = currentSize(of: question)
        var size = running?.isUpstreams == true ? running?.bytes : nil
        var claimed = running?.bytes
        if claimed == nil, question.range != .whole {
            // Good enough to know what a range means; upstream's answer counts when it comes.
            claimed = sizes.size(of: question.digest)
            if claimed == nil { size = try await upstreamSize(of: question) }
            // Whoever releases pieces on peers' word can take their word for the size, too.
            if claimed == nil, size == nil, rules.releasesChecked { claimed = sources.claimedSize(of: question.digest) }
        }
        if size == nil, let guess = claimed, question.range.resolve(size: guess) == .unsatisfiable {
            // That nothing is there is not said on the word of a manifest or of a peer.
            size = try await upstreamSize(of: question)
            claimed = nil
        }
        let (intent, start) = Self.intent(question.range, size: size ?? claimed)
        let reader = try await join(question, size: size, intent)
        logger.debug(
            "a download is read",
            metadata: [
                "digest": "\(question.digest.short)", "begun_for": "\(reader.record?.requestID ?? "nobody")",
            ])
        do {
            try await reader.ready(at: start)
            return reader
        } catch {
            let record = reader.record
            reader.close()
            guard var failure = error as? FetchError else { throw error }
            failure.record = record
            throw failure
        }
    }

    /// What a range means for a download, and the first byte that must be there before the answer can begin.
    static func intent(_ range: RangeRequest, size: Int64?) -> (DownloadPlan.Intent, Int64) {
        guard let size else {
            // Only a peer's word says how long the blob is: the range makes sense once the whole is verified.
            return (.toEnd(from: 0), range == .whole ? 0 : .max)
        }
        switch (range, range.resolve(size: size)) {
        case (_, .unsatisfiable): return (.closed(0..<0), 0)
        case (.open(let first), .partial): return (.toEnd(from: first), first)
        case (_, .partial(let bytes)): return (.closed(bytes), bytes.lowerBound)
        case (_, .whole): return (.toEnd(from: 0), 0)
        }
    }

    /// A reader of the running download of a blob, or of a new one.
    private func join(
        _ question: BlobQuestion, size: Int64?, _ intent: DownloadPlan.Intent
    ) async throws -> SpoolReader {
        while true {
            for running in state.withLock({ $0.downloads.answering(question) }) {
                if let reader = running.reader(intent, origin: question.origin) { return reader }
            }
            // One at a time: who comes second would begin anew while the first still reads what was left of the blob.
            let key = Beginning(
                digest: question.digest, registry: question.origin?.registry, identity: question.identity)
            try await beginnings.run(key) { try await beginDownload(question, size: size) }
        }
    }

    /// Begins a download, unless there is one by now.
    private func beginDownload(_ question: BlobQuestion, size: Int64?) async throws {
        guard try state.withLock({ try mayBegin(question, $0) }) else { return }
        let file: SpoolFile
        do {
            // Not on a thread that others wait for, nor under the lock that they take: a disk may take its time.
            let origin = SpoolOrigin(question.origin?.registry, as: question.identity)
            file = try await WorkPool(.singleton).run { [spool] in try spool.create(question.digest, from: origin) }
        } catch let error as ContentError {
            throw FetchError(error.code == .noSpace ? .noSpace : .broken, error.message)
        }
        var isTaken = false
        defer { if !isTaken { file.leave() } }
        try state.withLock { state in
            guard try mayBegin(question, state) else { return }
            isTaken = true
            let download = Download(
                digest: question.digest, size: size, origins: question.origin.map { [$0] } ?? [],
                identity: question.identity, spool: file, sources: sources, context: context)
            state.downloads.insert(download)
            begin.yield(download)
        }
    }

    /// Whether a download of a blob is to be begun: there is none that can be read.
    private func mayBegin(_ question: BlobQuestion, _ state: borrowing State) throws -> Bool {
        if state.downloads.answering(question).contains(where: { !$0.isClosed }) { return false }
        guard !state.isStopping else { throw FetchError(.stopping, "the agent is shutting down") }
        guard state.downloads.count < rules.downloads else {
            throw FetchError(.busy, "\(rules.downloads) downloads are running already")
        }
        return true
    }

    private var context: DownloadContext {
        DownloadContext(
            own: directory.own, releasesChecked: rules.releasesChecked, completesRanges: rules.completesRanges,
            mayBeShared: rules.mayBeShared, store: content.layout, chains: chains, counters: counters, rates: rates,
            shares: shares, sizes: sizes, makeRoom: { [spool] in spool.makeRoom(for: $0) }, disk: WorkPool(.singleton),
            hashing: WorkPool(hashers), logger: logger, tell: tell
        ) { [weak self] download in
            self?.replaced(download)
        } isLast: { [weak self] download in
            self?.downloads(of: download.digest).contains { $0 !== download && $0.isAnnounced } != true
        } left: { [weak self] download in
            self?.state.withLock { state in
                if state.ended[download.digest] === download { state.ended[download.digest] = nil }
            }
        }
    }

    private func replaced(_ download: Download) {
        state.withLock { state in
            guard state.downloads.contains(download) else { return }
            state.downloads.remove(download)
            if state.ended.count < rules.downloads { state.ended[download.digest] = download }
        }
    }
}
