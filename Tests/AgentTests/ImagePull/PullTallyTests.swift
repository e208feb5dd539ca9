import OCI
import Testing

@testable import Agent

@Suite struct PullTallyTests {
    private static let start = ContinuousClock.now

    private static func tally() throws -> PullTally {
        var tally = PullTally(now: start)
        tally.begin([try PullSamples.blob(1, 400), try PullSamples.blob(2, 600)])
        return tally
    }

    @Test("progress counts what is here, how fast it comes, and how long the rest will take")
    func progress() throws {
        var tally = try Self.tally()
        _ = tally.set(try PullSamples.digest(1), .present)
        _ = tally.set(try PullSamples.digest(2), .downloading)
        tally.arrived(try PullSamples.digest(2), present: 100, rate: 50, sources: [])
        let (blobs, progress) = tally.tick(now: Self.start + .seconds(1))
        #expect(blobs.map(\.done) == [100])
        #expect(progress == PullProgress(done: 500, size: 1000, rate: 500, seconds: 1, secondsLeft: 1))
        let (none, later) = tally.tick(now: Self.start + .seconds(2))
        #expect(none.isEmpty)
        #expect(later.rate < 500)
    }

    @Test("a blob whose bytes are all here is being verified until it is where it was to go")
    func verifying() throws {
        var tally = try Self.tally()
        let digest = try PullSamples.digest(2)
        #expect(tally.set(digest, .downloading)?.state == .downloading)
        #expect(tally.set(digest, .downloading) == nil)
        tally.arrived(digest, present: 600, rate: 50, sources: [])
        #expect(tally.state(of: digest) == .verifying)
        #expect(tally.moving == [digest])
        #expect(tally.set(digest, .done)?.rate == 0)
        #expect(tally.moving.isEmpty)
    }

    @Test("bytes are summed by where they came from; the sources that gave the most come first")
    func bytes() throws {
        var tally = try Self.tally()
        _ = tally.set(try PullSamples.digest(1), .present)
        let digest = try PullSamples.digest(2)
        tally.came(
            digest,
            from: [
                .init(kind: "upstream", bytes: 100), .init(kind: "peer", id: "a", bytes: 200),
                .init(kind: "peer", id: "b", bytes: 300), .init(kind: "store", bytes: 0),
            ])
        #expect(tally.bytes == .init(present: 400, store: 0, peers: 500, upstream: 100))
        #expect(tally.set(digest, .done)?.sources.map(\.id) == ["b", "a", nil])
    }

    @Test("what goes on to containerd counts where nothing came over the network")
    func moved() throws {
        var tally = try Self.tally()
        let digest = try PullSamples.digest(2)
        _ = tally.set(digest, .downloading)
        tally.moved(digest, 250)
        tally.moved(digest, 250)
        #expect(tally.tick(now: Self.start + .seconds(1)).progress.done == 500)
    }
}
