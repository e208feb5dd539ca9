import Discovery
import Testing

@testable import Transfer

@Suite struct SourceAccountsTests {
    private static let piece = DownloadPlan.pieceSize
    private let start = ContinuousClock.now
    private let peer = NodeID.random()
    private let other = NodeID.random()

    private func run(
        _ source: DownloadPlan.Source, from offset: Int64 = 0, received: Int64, cancelled: Bool = false,
        stalled: Bool = false
    ) -> DownloadPlan.Run {
        var run = DownloadPlan.Run(
            source: source, position: offset + received, startedAt: start, pieceBeganAt: start, lastByteAt: start)
        (run.received, run.cancelled, run.hasStalled) = (received, cancelled, stalled)
        return run
    }

    @Test("each source has what it gave, in how many pieces and how long, and what went wrong")
    func sums() {
        var accounts = SourceAccounts()
        let size = 3 * Self.piece + 5
        accounts.asked(.peer(peer), holders: [peer, other], now: start)
        accounts.asked(.upstream, holders: [peer], now: start)
        let later = start.advanced(by: .seconds(2))
        accounts.ended(run(.peer(peer), received: Self.piece + 1), .reset, size: size, now: later)
        accounts.ended(run(.upstream, from: 2 * Self.piece, received: Self.piece + 5), nil, size: size, now: later)
        accounts.blamed(peer)
        let sources = accounts.sources(
            running: [run(.peer(peer), from: Self.piece + 1, received: Self.piece - 1)], size: size, now: later)
        #expect(sources.map(\.source) == [.peer(peer), .upstream, .peer(other)])
        #expect(sources[0].bytes == 2 * Self.piece && sources[0].pieces == 2 && sources[0].seconds == 2)
        #expect(sources[0].failures == [.reset: 1, .damaged: 1] && sources[0].holds && sources[0].requests == 1)
        #expect(sources[1].bytes == Self.piece + 5 && sources[1].pieces == 2, "the last, short piece is one")
        #expect(sources[1].failures.isEmpty)
        #expect(sources[2].holds && sources[2].requests == 0 && sources[2].bytes == 0)
    }

    @Test("a request that was not wanted any more has not failed; one that was given up for its slowness has")
    func cancelled() {
        var accounts = SourceAccounts()
        accounts.ended(run(.peer(peer), received: 1, cancelled: true), .reset, size: nil, now: start)
        accounts.ended(run(.peer(other), received: 1, cancelled: true, stalled: true), .reset, size: nil, now: start)
        let failures = accounts.sources(running: [], size: nil, now: start).map { ($0.source, $0.failures) }
        #expect(failures.contains { $0 == (.peer(peer), [:]) })
        #expect(failures.contains { $0 == (.peer(other), [.stalled: 1]) })
    }

    @Test("more peers than are told apart share an account; upstream always has its own")
    func bounded() {
        var accounts = SourceAccounts()
        for _ in 0..<100 {
            let node = DownloadPlan.Source.peer(.random())
            accounts.asked(node, holders: [], now: start)
            accounts.ended(run(node, received: 10), nil, size: nil, now: start)
        }
        accounts.ended(run(.upstream, received: 1), nil, size: nil, now: start)
        let sources = accounts.sources(running: [], size: nil, now: start)
        #expect(sources.count == SourceAccounts.limit)
        #expect(sources.contains { $0.source == .upstream })
        #expect(sources.reduce(0) { $0 + $1.bytes } == 1001, "what is not told apart counts all the same")
    }
}
