public import Logging
public import OCI
import Synchronization

/// What containerd holds, as a store: blobs are read from containerd's own files, and nothing is copied.
///
/// ``run()`` follows containerd; without it the store is empty. Safe from any thread. Questions are answered from memory.
public final class ContainerdStore: BlobStore {
    let settings: ContainerdSettings
    let proofs: ProofLedger
    let logger: Logger
    let feed = ChangeFeed()
    /// Held while changes are made and told, so that they are told in the order in which they are made. Taken before `known`.
    private let telling = Mutex(())
    private let known = Mutex(RuntimeState())
    /// How blobs are read at the moment.
    let connection = Mutex(RuntimeConnection())
    let standing = Mutex(ContainerdState.searching(reason: "the agent has just started"))
    let connector: any RuntimeConnector

    /// Makes a store that is empty until ``run()`` has found containerd.
    /// - Parameter proofs: This store's own ledger.
    public convenience init(settings: ContainerdSettings, proofs: ProofLedger, logger: Logger) {
        self.init(
            settings: settings, proofs: proofs, logger: logger, connector: ContainerdConnector(logger: logger))
    }

    init(settings: ContainerdSettings, proofs: ProofLedger, logger: Logger, connector: any RuntimeConnector) {
        self.settings = settings
        self.proofs = proofs
        self.logger = logger
        self.connector = connector
    }

    /// Whether containerd is followed, and how.
    public var state: ContainerdState {
        let standing = standing.withLock { $0 }
        guard case .following(var following) = standing else { return standing }
        (following.images, following.blobs) = read { ($0.imageCount, $0.offeredCount) }
        following.namespaces = read { $0.namespaces.keys.sorted() }
        return .following(following)
    }

    // MARK: Images

    /// A record for each name of an image whose manifest is offered, by name and digest; imported and locally built images
    /// too. `knownGood` is when containerd last changed the name.
    public func images() -> [ImageRecord] { read { $0.images() } }

    /// The records of one manifest, in no order.
    public func images(of digest: Digest) -> [ImageRecord] { read { $0.images(of: digest) } }

    /// The record of a name. A digest in it decides: any record of that manifest in that repository will do.
    public func image(for reference: ImageReference) -> ImageRecord? { read { $0.image(for: reference) } }

    /// What a blob names by containerd's labels, each once; not what those name. Empty for what is no manifest.
    public func children(of digest: Digest) -> [Digest] { read { $0.children(of: digest) } }

    /// What names a blob by containerd's labels; not what names that.
    public func parents(of digest: Digest) -> Set<Digest> { read { $0.parents(of: digest) } }

    /// The repositories that have this content: by containerd's labels, else by the names of the images that need it.
    public func origins(of digest: Digest) -> [Origin] { read { $0.origins(of: digest) } }

    /// The repositories that this content came from by containerd's labels, whatever names it.
    public func labelledOrigins(of digest: Digest) -> Set<Origin> { read { $0.labelledOrigins(of: digest) } }

    /// Whether containerd will not collect an offered blob, because an image leads to it.
    public func isKept(_ digest: Digest) -> Bool { read { $0.isKept(digest) } }

    /// The images that lead to a blob, sorted: those that are broken without it.
    public func names(of digest: Digest) -> [RuntimeImageName] { read { $0.names(of: digest) } }

    // MARK: Blobs

    public func size(of digest: Digest) -> Int64? {
        read { state in state.blobs[digest].flatMap { $0.isOffered ? $0.size : nil } }
    }

    public func blobs() -> [BlobInfo] {
        read { state in
            state.blobs.compactMap { $1.isOffered ? BlobInfo(digest: $0, size: $1.size) : nil }
        }
    }

    public func changes() -> AsyncStream<StoreChange> { feed.subscribe() }

    // MARK: What is known

    /// Asks what is known.
    func read<Value>(_ body: (borrowing RuntimeState) -> Value) -> Value {
        known.withLock { body($0) }
    }

    /// Changes what is known, and tells everybody.
    @discardableResult
    func change(_ body: (inout RuntimeState) -> RuntimeNews) -> RuntimeNews {
        telling.withLock { _ in
            let news = known.withLock { body(&$0) }
            for change in news.changes { feed.publish(change) }
            return news
        }
    }

    func isDoubtful(_ digest: Digest, _ identity: FileIdentity) -> Bool {
        proofs.isDoubtful(digest, as: identity)
    }
}
