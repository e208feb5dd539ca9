import Content
import Logging
import ServiceLifecycle
import SystemPackage
import Transfer

/// What the node holds, and what looks after it.
struct StoreParts: Sendable {
    /// How many blobs are hashed at once for somebody who waits.
    private static let awaitedProofs = 2

    let content: NodeContent
    /// Proves what somebody waits for.
    let prover: BlobProver
    /// Proves what nobody waits for.
    let idleProver: BlobProver
    /// What upstream said about tags whose images only the runtime has.
    let tags = TagMemory()
    private let retention: Retention?

    init(_ configuration: Configuration, logger: Logger) throws {
        let data = configuration.dataDirectory
        let proofs = data.appending("proofs")
        let layout = try ImageLayout(
            directory: data.appending("store"), capacity: configuration.store.capacity.bytes,
            proofs: ProofLedger(path: proofs.appending("store"), logger: logger), logger: logger)
        let runtime = ContainerdSettings(configuration.containerd).map { settings in
            ContainerdStore(
                settings: settings, proofs: ProofLedger(path: proofs.appending("containerd"), logger: logger),
                logger: logger)
        }
        content = NodeContent(layout: layout, runtime: runtime)
        prover = BlobProver(width: Self.awaitedProofs, urgency: .awaited)
        idleProver = BlobProver(width: 1, urgency: .idle)
        retention =
            if configuration.store.retain == .auto, let runtime {
                Retention(layout: layout, runtime: runtime, prover: idleProver, tags: tags, logger: logger)
            } else {
                nil
            }
    }

    var services: [any Service] {
        var services: [any Service] = []
        if let runtime = content.runtime { services.append(RuntimeFollowing(runtime: runtime)) }
        if let retention { services.append(retention) }
        return services
    }

    /// To be called once, when the services have ended.
    func close() async {
        await prover.shutdown()
        await idleProver.shutdown()
    }
}
