import Content
import Logging
import NIOPosix
import OCI
import SystemPackage

@testable import Discovery
@testable import Transfer

/// A node without peers in front of a registry that lets `anna` have a private image: what stands behind its mirror's routes.
struct MirrorScene: Sendable {
    let stub: StubRegistry
    let resolver: ManifestResolver
    let fetcher: BlobFetcher
    let gate: PrivateGate
    let knowledge: StubKnowledge
    let log: RecordedLog
    let origin: Origin
    /// The node's own data.
    let folder: FilePath
    let bytes: [UInt8]
    let blob: Digest
    let manifest: Digest

    /// - Parameter verifies: whether `share.private` is `"verify"`.
    static func run(verifies: Bool, _ body: (MirrorScene) async throws -> Void) async throws {
        let fixture = UpstreamFixture(authentication: .basic(["anna": "secret"]))
        try await fixture.run { stub, client, origin in
            try await withTemporaryDirectory { folder in
                try await inside(folder, stub, client, origin, verifies, fixture.log, body)
            }
        }
    }

    private static func inside(
        _ folder: FilePath, _ stub: StubRegistry, _ upstream: UpstreamClient, _ origin: Origin, _ verifies: Bool,
        _ log: RecordedLog, _ body: (MirrorScene) async throws -> Void
    ) async throws {
        let logger = log.logger
        let content = NodeContent(
            layout: try ImageLayout(directory: folder.appending("store"), capacity: 1 << 30, logger: logger),
            runtime: nil)
        let directory = Directory(own: .random(), hasKey: true, believesTags: true)
        let (questions, wants) = (Questions(directory: directory), Wants(directory: directory))
        let peers = PeerClient(group: MultiThreadedEventLoopGroup.singleton, node: .random(), signer: nil)
        let (blamed, counters) = (BlamedPeers(), TransferCounters())
        let knowledge = StubKnowledge()
        let gate = PrivateGate(isOn: verifies, knowledge: knowledge, upstream: upstream, logger: logger)
        let chains = ChainStore(directory: folder.appending("chains"), logger: logger)
        let prover = BlobProver(threads: 1, urgency: .awaited, chains: chains)
        let fetcher = BlobFetcher(
            content: content, prover: prover, spool: try Spool(directory: folder.appending("spool")), chains: chains,
            directory: directory, questions: questions, wants: wants, peers: peers, blamed: blamed, upstream: upstream,
            rules: BlobFetcher.Rules(), counters: counters, logger: logger)
        let resolver = ManifestResolver(
            content: content, tags: TagMemory(), directory: directory, questions: questions, wants: wants, peers: peers,
            blamed: blamed, upstream: upstream, memory: RepositoryMemory(), counters: counters, policy: .upstreamFirst,
            gate: gate, logger: logger)
        let bytes = someBytes(100_000)
        let blob = stub.add(blob: bytes)
        let manifest = stub.add(manifest: Self.manifest(naming: blob, bytes.count), tag: "1")
        let scene = MirrorScene(
            stub: stub, resolver: resolver, fetcher: fetcher, gate: gate, knowledge: knowledge, log: log,
            origin: origin, folder: folder, bytes: bytes, blob: blob, manifest: manifest)
        let result: Result<Void, any Error> = await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await fetcher.run() }
            defer { group.cancelAll() }
            do { return .success(try await body(scene)) } catch { return .failure(error) }
        }
        await prover.shutdown()
        await peers.shutdown()
        try result.get()
    }

    private static func manifest(naming blob: Digest, _ size: Int) -> [UInt8] {
        let descriptor = #""digest":"\#(blob)","size":\#(size)"#
        let text = """
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",\
            "config":{"mediaType":"application/vnd.oci.image.config.v1+json",\(descriptor)},\
            "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar",\(descriptor)}]}
            """
        return Array(text.utf8)
    }

    /// The manifest as a client of the mirror gets it.
    func get(_ reference: ManifestReference, as identity: UpstreamIdentity) async throws -> Digest {
        try await resolver.resolve(
            reference, at: origin, as: identity, accept: AcceptHeader(values: []), strictness: .canFallBack,
            isGet: true
        ).digest
    }

    /// The blob as a client of the mirror gets it.
    func read(as identity: UpstreamIdentity) async throws -> [UInt8] {
        try await gate.admit(blob, at: origin, as: identity)
        let reader = try await fetcher.open(BlobQuestion(digest: blob, origin: origin, as: identity))
        return try await reader.readAll(.toEnd(from: 0))
    }

    var manifestPath: String { "/v2/library/app/manifests/\(manifest)" }
}
