import Content
import Logging
import ServiceLifecycle
import SystemPackage
import Transfer

/// What the node holds, and what looks after it.
struct StoreParts: Sendable {
    /// How many blobs are hashed at once for somebody who waits, and for nobody.
    private static let awaitedProofs = 2
    private static let idleProofs = 2

    let content: NodeContent
    /// Proves what somebody waits for.
    let prover: BlobProver
    let verification: Verification
    /// What upstream said about tags whose images only the runtime has.
    let tags = TagMemory()
    private let idleProver: BlobProver
    private let retention: Retention?
    private let marker: RunMarker

    /// Opens Shoal's own store; containerd is looked for when the services run.
    init(_ configuration: Configuration, logger: Logger) throws {
        let data = configuration.dataDirectory
        // First of all: it keeps a second agent out of the folder, and says what a crash has left in doubt.
        marker = try RunMarker(path: data.appending("running"))
        let window = marker.window
        func ledger(_ name: String) -> ProofLedger {
            ProofLedger(path: data.appending("proofs").appending(name), window: window, logger: logger)
        }
        let ownProofs = ledger("store")
        let layout = try ImageLayout(
            directory: data.appending("store"), capacity: configuration.store.capacity.bytes, proofs: ownProofs,
            window: window, logger: logger)
        var places = [ProofPlace(place: .store, store: layout)]
        var ledgers = [ownProofs]
        var runtime: ContainerdStore?
        if let settings = ContainerdSettings(configuration.containerd) {
            let proofs = ledger("containerd")
            let store = ContainerdStore(settings: settings, proofs: proofs, logger: logger)
            places.append(ProofPlace(place: .containerd, store: store))
            ledgers.append(proofs)
            runtime = store
        }
        content = NodeContent(layout: layout, runtime: runtime)
        prover = BlobProver(width: Self.awaitedProofs, urgency: .awaited)
        idleProver = BlobProver(width: Self.idleProofs, urgency: .idle)
        verification = Verification(
            places: places, ledgers: ledgers, marker: marker, catalog: NodeCatalog(content: content), idle: idleProver,
            awaited: prover, period: configuration.store.scrub?.seconds, logger: logger)
        retention =
            if configuration.store.retain == .auto, let runtime {
                Retention(layout: layout, runtime: runtime, prover: idleProver, tags: tags, logger: logger)
            } else {
                nil
            }
    }

    var services: [any Service] {
        var services: [any Service] = [verification]
        if let runtime = content.runtime { services.append(RuntimeFollowing(runtime: runtime)) }
        if let retention { services.append(retention) }
        return services
    }

    /// To be called once, when the services have ended. Blocks for a moment.
    func close() async {
        await prover.shutdown()
        await idleProver.shutdown()
        marker.remove()
    }
}
