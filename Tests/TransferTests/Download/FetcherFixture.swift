import Content
import Logging
import NIOPosix
import OCI
import SystemPackage

@testable import Discovery
@testable import Transfer

/// A node's downloads in front of a stub registry, with nobody else on the LAN.
struct FetcherFixture {
    /// The stub by another name.
    static let otherRegistry = "other.test"

    var rules = BlobFetcher.Rules()
    /// Bytes that the spool may take.
    var spoolLimit: Int64?
    /// Where the spool is; one of the run's own where none is given.
    var spoolFolder: FilePath?

    func run(
        _ body: (_ stub: StubRegistry, _ fetcher: BlobFetcher, _ origin: Origin, _ spool: FilePath) async throws -> Void
    ) async throws {
        try await UpstreamFixture(otherName: Self.otherRegistry).run { stub, upstream, origin in
            try await withTemporaryDirectory { folder in
                let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
                let group = MultiThreadedEventLoopGroup.singleton
                let layout = try ImageLayout(directory: folder.appending("store"), capacity: 1 << 30, logger: logger)
                let prover = BlobProver(threads: 1, urgency: .awaited)
                let directory = Directory(own: .random(), hasKey: false, believesTags: false)
                let peers = PeerClient(group: group, node: .random(), signer: nil)
                let spool = spoolFolder ?? folder.appending("spool")
                let fetcher = BlobFetcher(
                    content: NodeContent(layout: layout, runtime: nil), prover: prover,
                    spool: try Spool(directory: spool, limit: spoolLimit),
                    chains: ChainStore(directory: folder.appending("chains"), logger: logger), directory: directory,
                    questions: Questions(directory: directory), wants: Wants(directory: directory), peers: peers,
                    blamed: BlamedPeers(), upstream: upstream, rules: rules, counters: TransferCounters(),
                    logger: logger)
                let result: Result<Void, any Error>
                do {
                    result = .success(
                        try await withThrowingTaskGroup(of: Void.self) { group in
                            group.addTask { try await fetcher.run() }
                            defer { group.cancelAll() }
                            try await body(stub, fetcher, origin, spool)
                        })
                } catch {
                    result = .failure(error)
                }
                await prover.shutdown()
                await peers.shutdown()
                try result.get()
            }
        }
    }
}
