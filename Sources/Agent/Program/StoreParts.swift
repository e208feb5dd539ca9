import Content
import Logging
import Registry
import ServiceLifecycle
import SystemPackage
import Transfer

/// What the node holds, and what looks after it.
struct StoreParts: Sendable {
    /// How many threads hash for somebody who waits.
    private static let awaitedProofs = 2
    /// How many where nobody does: for `shoal verify`, and in the background.
    private static let idleProofs = 4

    let content: NodeContent
    /// The hash chains of what the node holds.
    let chains: ChainStore
    /// Proves what somebody waits for.
    let prover: BlobProver
    /// Proves what nobody waits for.
    private let idleProver: BlobProver
    /// What upstream said about tags whose images only the runtime has.
    let tags = TagMemory()
    /// Reads blobs again, in the background and for `shoal verify`.
    let verification: Verification
    /// The names of the local namespace.
    let names: NameBook
    /// Where pushed blobs arrive.
    let uploads: UploadFolder
    private let marker: RunMarker
    private let retention: Retention?

    init(_ configuration: Configuration, logger: Logger) throws {
        let data = configuration.dataDirectory
        let proofs = data.appending("proofs")
        // Before the stores are opened: it says which of their files are younger than a crash.
        marker = try RunMarker(path: data.appending("running"))
        let window = marker.window
        if let window {
            logger.warning(
                "the agent did not stop properly; blobs written at that time are not offered before they are proven",
                metadata: ["seconds": "\(window)"])
        }
        let ownProofs = ProofLedger(path: proofs.appending("store"), window: window, logger: logger)
        let runtimeProofs = ProofLedger(path: proofs.appending("containerd"), window: window, logger: logger)
        let layout = try ImageLayout(
            directory: data.appending("store"), capacity: configuration.store.capacity.bytes,
            proofs: ownProofs, window: window, logger: logger)
        let runtime = ContainerdSettings(configuration.containerd).map { settings in
            ContainerdStore(settings: settings, proofs: runtimeProofs, logger: logger)
        }
        content = NodeContent(layout: layout, runtime: runtime)
        names = NameBook(path: data.appending("names.json"), logger: logger)
        uploads = try UploadFolder(directory: data.appending("uploads"))
        chains = ChainStore(directory: data.appending("chains"), logger: logger)
        prover = BlobProver(threads: Self.awaitedProofs, urgency: .awaited, chains: chains)
        idleProver = BlobProver(threads: Self.idleProofs, urgency: .idle, chains: chains)
        verification = Verification(
            places: [ProofPlace(place: .store, store: layout)]
                + (runtime.map { [ProofPlace(place: .containerd, store: $0)] } ?? []),
            ledgers: [ownProofs, runtimeProofs], marker: marker, catalog: NodeCatalog(content: content),
            idle: idleProver, awaited: prover, period: configuration.store.scrub?.seconds, logger: logger)
        retention =
            if configuration.store.retain == .auto, let runtime {
                Retention(layout: layout, runtime: runtime, prover: idleProver, tags: tags, logger: logger)
            } else {
                nil
            }
    }

    var services: [any Service] {
        var services: [any Service] = [verification, ChainRetention(chains: chains, content: content)]
        if let runtime = content.runtime { services.append(RuntimeFollowing(runtime: runtime)) }
        if let retention { services.append(retention) }
        return services
    }

    /// What reading blobs again has come to.
    var proofWork: HashingTally.Work { prover.tally.work + idleProver.tally.work }

    /// To be called once, when the services have ended.
    func close() async {
        await prover.shutdown()
        await idleProver.shutdown()
        marker.remove()
    }
}
