import Logging
import NIOCore
import NIOPosix
import OCI
import Testing

@testable import Discovery
@testable import Transfer

@Suite("The sources of the real world", .timeLimit(.minutes(1)))
struct NetworkSourcesTests {
    private let digest: Digest
    private let peer = NodeID.random()
    private let directory = Directory(own: .random(), hasKey: false, believesTags: false)

    init() throws {
        digest = try Digest("sha256:" + String(repeating: "1", count: 64))
    }

    /// Makes the directory know a peer at that address, as if it had said Hello.
    private func meet(at address: PeerAddress) throws {
        let hello = Beacon.Hello(
            httpPort: UInt16(address.port), name: "stub", interval: .seconds(60), version: 1, count: 0, changes: nil)
        let beacon = Beacon(node: peer, epoch: 1, sequence: 1, payload: .hello(hello))
        _ = try directory.hear(beacon, from: #require(IPAddress(address.host)), now: .now)
    }

    private func withSources(
        _ answer: @escaping @Sendable (StubRequest) -> StubResponse,
        _ body: (NetworkSources, StubRegistry) async throws -> Void
    ) async throws {
        try await StubRegistry.with { stub in
            stub.route("/v1/blobs/\(digest)", answer)
            try meet(at: PeerAddress(host: "127.0.0.1", port: stub.port))
            let group = MultiThreadedEventLoopGroup.singleton
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let client = PeerClient(group: group, node: .random(), signer: nil, patience: .long)
            let upstream = UpstreamClient(configuration: UpstreamConfiguration(), group: group, logger: logger)
            let sources = NetworkSources(
                directory: directory, questions: Questions(directory: directory), wants: Wants(directory: directory),
                peers: client, upstream: upstream, blamed: BlamedPeers(), logger: logger)
            let result: Result<Void, any Error>
            do { result = .success(try await body(sources, stub)) } catch { result = .failure(error) }
            await client.shutdown()
            await upstream.shutdown()
            try result.get()
        }
    }

    private func ask(_ sources: NetworkSources) async throws {
        _ = try await sources.open(.peer(peer), digest, origins: [], as: .node, range: nil, wait: nil)
    }

    @Test("A peer whose answer nobody waits for any more stays where it is")
    func cancelledQuestion() async throws {
        try await withSources({ _ in
            var mute = StubResponse(200)
            mute.ending = .mute
            return mute
        }) { sources, stub in
            let question = Task { try await ask(sources) }
            while stub.requests.isEmpty { await Task.yield() }
            question.cancel()
            await #expect(throws: (any Error).self) { try await question.value }
            #expect(directory.peer(peer)?.state == .alive)
        }
    }

    @Test(
        "Of several repositories that fail, the one that may give the blob later is told of", arguments: [false, true])
    func repositories(refusesFirst: Bool) async throws {
        try await UpstreamFixture().run { stub, upstream, origin in
            let digest = stub.add(blob: someBytes(1000))
            let origins = [origin, try Origin.of("library/other")]
            let (refusing, busy) = refusesFirst ? (0, 1) : (1, 0)
            stub.script(paths(blob: digest, in: "\(origins[refusing].repository)"), [.status(404)])
            stub.script(paths(blob: digest, in: "\(origins[busy].repository)"), [.throttle(retryAfter: "1")], [])
            let peers = PeerClient(group: MultiThreadedEventLoopGroup.singleton, node: .random(), signer: nil)
            let sources = NetworkSources(
                directory: directory, questions: Questions(directory: directory), wants: Wants(directory: directory),
                peers: peers, upstream: upstream, blamed: BlamedPeers(),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let failure = await #expect(throws: SourceFailure.self) {
                _ = try await sources.open(.upstream, digest, origins: origins, as: .node, range: nil, wait: nil)
            }
            #expect(failure?.mayPass == true, "\(String(describing: failure))")
            // And it gives the blob then.
            _ = try await sources.open(.upstream, digest, origins: origins, as: .node, range: nil, wait: nil)
            await peers.shutdown()
        }
    }

    @Test("A peer that hangs up instead of answering is put aside")
    func hangUp() async throws {
        try await withSources({ _ in
            var end = StubResponse(200)
            end.ending = .hangUp
            return end
        }) { sources, _ in
            await #expect(throws: SourceFailure.self) { try await ask(sources) }
            #expect(directory.peer(peer)?.state != .alive)
        }
    }
}
