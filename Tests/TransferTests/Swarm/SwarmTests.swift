import Discovery
import Integrity
import OCI
import Testing

@testable import Transfer

private let start = ContinuousClock.now

@Suite("The swarm")
struct SwarmTests {
    private let own = NodeID.random()
    private let peer = NodeID.random()
    private let other = NodeID.random()
    private let digest = ContentHasher.digest(of: [1])

    private func swarm(pieces: Int = 16, holders: [NodeID] = [], wanters: [NodeID] = []) -> Swarm {
        var swarm = Swarm(own: own, digest: digest, pieces: pieces, now: start)
        swarm.update(holders: holders, wanters: wanters, now: start)
        return swarm
    }

    private func need(_ missing: PieceSet, next: Int? = 0, transfers: Int = 0, upstream: Bool = true) -> Swarm.Need {
        Swarm.Need(missing: missing, next: next, transfers: transfers, waits: 0, upstreamIsFree: upstream)
    }

    private func pieces(_ numbers: Range<Int>, of count: Int = 16) -> PieceSet {
        var set = PieceSet(count: count)
        set.insert(numbers)
        return set
    }

    @Test("asks upstream for everything at once where nobody else has the blob or wants it")
    func alone() {
        var swarm = swarm()
        #expect(swarm.fetches(need(.all(of: 16)), now: start) == [.upstream(0..<16)])
    }

    @Test("asks the only holder for everything in one request, and upstream for nothing")
    func oneHolder() {
        var swarm = swarm(holders: [peer])
        #expect(swarm.fetches(need(.all(of: 16)), now: start) == [.peer(peer, 0..<16, waits: false)])
    }

    @Test("asks several holders for parts of what is missing, the smaller the less that is")
    func severalHolders() {
        var swarm = swarm(holders: [peer, other])
        let fetches = swarm.fetches(need(.all(of: 16)), now: start)
        let ranges = fetches.compactMap { if case .peer(_, let range, waits: false) = $0 { range } else { nil } }
        #expect(ranges == [0..<4, 4..<7, 7..<9, 9..<11])
        let asked = Set(fetches.compactMap { if case .peer(let node, _, _) = $0 { node } else { nil } })
        #expect(asked == [peer, other])
    }

    @Test("reads from the front where the only other one that wants the blob holds all of it")
    func holderThatWants() {
        var swarm = swarm(holders: [peer], wanters: [peer])
        #expect(!swarm.isShared)
        #expect(swarm.fetches(need(.all(of: 16)), now: start) == [.peer(peer, 0..<16, waits: false)])
    }

    @Test("asks a holder for single pieces, not for the front, while others want the blob too")
    func sharedHolder() {
        var swarm = swarm(pieces: 256, holders: [peer], wanters: [other])
        let fetches = swarm.fetches(need(.all(of: 256), next: nil), now: start)
        #expect(fetches.count == 1)
        guard case .peer(peer, let range, waits: false)? = fetches.first else {
            Issue.record("\(fetches)")
            return
        }
        #expect(range.count == 1)
    }

    @Test("two that want the same divide upstream's pieces between them")
    func division() {
        var fetched: [NodeID: PieceSet] = [:]
        for (node, wanter) in [(own, peer), (peer, own)] {
            var swarm = Swarm(own: node, digest: digest, pieces: 64, now: start)
            swarm.update(holders: [], wanters: [wanter], now: start)
            swarm.heard(
                wanter, have: PieceSet(count: 64), fetching: PieceSet(count: 64), hasUpstream: true, now: start)
            var missing = PieceSet.all(of: 64)
            while case .upstream(let range)? = swarm.fetches(need(missing), now: start).last {
                for piece in range { missing.remove(piece) }
                fetched[node, default: PieceSet(count: 64)].insert(range)
            }
        }
        var both = fetched[own] ?? PieceSet(count: 64)
        both.formIntersection(fetched[peer] ?? PieceSet(count: 64))
        #expect(both.isEmpty, "no piece is fetched by both")
        var all = fetched[own] ?? PieceSet(count: 64)
        all.formUnion(fetched[peer] ?? PieceSet(count: 64))
        #expect(all == .all(of: 64), "and each by one of them")
    }

    @Test("a newcomer asks what there is before it asks upstream, but not for long")
    func newcomer() {
        // Of so many runs some are this node's.
        var swarm = swarm(pieces: 256, wanters: [peer])
        #expect(swarm.fetches(need(.all(of: 256)), now: start) == [])
        #expect(swarm.questions(now: start) == [peer])
        swarm.asked(peer, now: start)
        #expect(swarm.questions(now: start) == [], "an answer is awaited")
        let later = start + SwarmLimits.newcomerPatience
        #expect(
            swarm.fetches(need(.all(of: 256)), now: later).contains { if case .upstream = $0 { true } else { false } })
    }

    @Test("who is neither holder nor wanter any more is asked for nothing, even while something still comes from it")
    func left() {
        var swarm = swarm(holders: [peer], wanters: [other])
        swarm.transferBegan(from: peer)
        swarm.update(holders: [], wanters: [other], now: start)
        #expect(swarm.questions(now: start) == [other])
        swarm.heard(peer, have: .all(of: 16), fetching: pieces(0..<0), hasUpstream: true, now: start)
        #expect(swarm.fetches(need(.all(of: 16), upstream: false), now: start) == [])
    }

    @Test("takes the piece that the fewest have")
    func rarest() {
        var swarm = swarm(wanters: [peer, other])
        swarm.heard(peer, have: pieces(0..<8), fetching: pieces(0..<0), hasUpstream: true, now: start)
        swarm.heard(other, have: pieces(0..<7), fetching: pieces(0..<0), hasUpstream: true, now: start)
        let fetches = swarm.fetches(need(pieces(0..<8), upstream: false), now: start)
        #expect(fetches.first == .peer(peer, 7..<8, waits: false))
    }

    @Test("waits at the node that fetches a piece, where nobody has it yet")
    func waits() {
        var swarm = swarm(wanters: [peer])
        swarm.heard(peer, have: pieces(0..<0), fetching: pieces(3..<4), hasUpstream: true, now: start)
        #expect(swarm.fetches(need(pieces(3..<4), upstream: true), now: start) == [.peer(peer, 3..<4, waits: true)])
    }

    @Test("never asks upstream for what a node that answers has, or fetches")
    func noDuplicates() {
        var swarm = swarm(wanters: [peer])
        swarm.heard(peer, have: pieces(0..<10), fetching: pieces(10..<16), hasUpstream: true, now: start)
        let fetches = swarm.fetches(need(.all(of: 16)), now: start)
        #expect(!fetches.contains { if case .upstream = $0 { true } else { false } })
    }

    @Test("the share of a node that cannot ask upstream falls to the others")
    func incapable() {
        var swarm = swarm(pieces: 64, wanters: [peer])
        swarm.heard(peer, have: PieceSet(count: 64), fetching: PieceSet(count: 64), hasUpstream: false, now: start)
        var missing = PieceSet.all(of: 64)
        while case .upstream(let range)? = swarm.fetches(need(missing), now: start).last {
            for piece in range { missing.remove(piece) }
        }
        #expect(missing.isEmpty)
    }

    @Test("an owner from which nothing more comes loses its share after a while")
    func slowOwner() {
        var swarm = swarm(pieces: 64, wanters: [peer])
        swarm.heard(peer, have: PieceSet(count: 64), fetching: PieceSet(count: 64), hasUpstream: true, now: start)
        func share(at now: ContinuousClock.Instant) -> Int {
            var missing = PieceSet.all(of: 64)
            swarm.progressed(now: now)
            while case .upstream(let range)? = swarm.fetches(need(missing), now: now).last {
                for piece in range { missing.remove(piece) }
            }
            return 64 - missing.population
        }
        #expect(share(at: start) < 64)
        #expect(share(at: start + SwarmLimits.ownerPatience) == 64)
    }

    @Test("an owner that takes much longer over a piece than others loses its share, also of what comes later")
    func slowPiece() {
        var swarm = swarm(pieces: 64, wanters: [peer, other])
        let nothing = PieceSet(count: 64)
        for (second, have) in [(0, 0), (1, 1), (2, 2)] {
            let now = start + .seconds(second)
            swarm.heard(
                other, have: pieces(0..<have, of: 64), fetching: pieces(have..<have + 1, of: 64), hasUpstream: true,
                now: now)
            swarm.heard(peer, have: nothing, fetching: pieces(63..<64, of: 64), hasUpstream: true, now: now)
        }
        let patient = start + SwarmLimits.ownerPatience
        swarm.heard(peer, have: nothing, fetching: pieces(63..<64, of: 64), hasUpstream: true, now: patient)
        swarm.heard(peer, have: nothing, fetching: pieces(62..<63, of: 64), hasUpstream: true, now: patient)
        let member = swarm.member(peer)
        #expect(member?.isOwner(patient, slowAfter: swarm.slowAfter) == false)
        #expect(swarm.member(other)?.isOwner(patient, slowAfter: swarm.slowAfter) == true)
    }

    @Test("leaves upstream to the others while its own way there is much slower")
    func slowSelf() {
        var swarm = swarm(pieces: 64, wanters: [peer])
        for (second, have) in [(0, 0), (1, 1), (2, 2)] {
            swarm.heard(
                peer, have: pieces(0..<have, of: 64), fetching: pieces(have..<have + 1, of: 64), hasUpstream: true,
                now: start + .seconds(second))
        }
        #expect(swarm.maySharedStreamStay(in: 40, done: 0.5, now: start) == true)
        let later = start + .seconds(10)
        swarm.heard(
            peer, have: pieces(0..<2, of: 64), fetching: pieces(8..<9, of: 64), hasUpstream: true, now: later)
        #expect(swarm.maySharedStreamStay(in: 40, done: 0.05, now: later) == false)
        #expect(!swarm.offersUpstream(later))
        #expect(swarm.offersUpstream(later + SwarmLimits.slowFor))
    }

    @Test("only those that all see as the first in rank ask upstream, however many there are and whomever they follow")
    func fetchers() {
        let all = (0..<200).map { _ in NodeID.random() }
        var asking: Set<NodeID> = []
        for node in all {
            var swarm = Swarm(own: node, digest: digest, pieces: 256, now: start)
            swarm.update(holders: [], wanters: all, now: start)
            let now = start + SwarmLimits.newcomerPatience
            for case .upstream in swarm.fetches(need(.all(of: 256)), now: now) { asking.insert(node) }
        }
        #expect(asking == Set(Ownership.ranking(of: digest, among: all).prefix(Ownership.fetchers)))
    }

    @Test("does not ask again for what a member did not have until that says that it has it")
    func lacked() {
        var swarm = swarm(wanters: [peer])
        func ask() -> [Swarm.Fetch] { swarm.fetches(need(pieces(3..<4), upstream: false), now: start) }
        func hear() {
            swarm.heard(peer, have: pieces(3..<4), fetching: pieces(0..<0), hasUpstream: true, now: start)
        }
        hear()
        #expect(ask() == [.peer(peer, 3..<4, waits: false)])
        swarm.lacked(peer, 3..<4, now: start)
        #expect(ask() == [])
        hear()
        #expect(ask().count == 1)
        for _ in 0..<SwarmLimits.lacks {
            swarm.lacked(peer, 3..<4, now: start)
            hear()
        }
        swarm.lacked(peer, 3..<4, now: start)
        #expect(ask() == [], "who says so again and again is not believed")
    }

    @Test("takes a hint of who else has a piece, of those that want the blob")
    func hinted() {
        var swarm = swarm(wanters: [peer])
        swarm.hinted([peer, .random()], have: 3, now: start)
        #expect(swarm.members.count == 1)
        #expect(
            swarm.fetches(need(pieces(3..<4), upstream: false), now: start) == [.peer(peer, 3..<4, waits: false)])
    }

    @Test("of the only holder asks for its own share, so that each piece leaves the holder once")
    func share() {
        let pulling = (0..<7).map { _ in NodeID.random() }
        var asked = PieceSet(count: 64)
        for node in pulling {
            var swarm = Swarm(own: node, digest: digest, pieces: 64, now: start)
            swarm.update(holders: [peer], wanters: pulling, now: start)
            var missing = PieceSet.all(of: 64)
            while case .peer(_, let range, _)? = swarm.fetches(need(missing, next: nil), now: start).first {
                #expect(!asked.contains(range.lowerBound))
                asked.insert(range)
                missing.remove(range)
            }
        }
        #expect(asked == .all(of: 64))
    }

    @Test("a stream for the whole blob ends with its run of pieces, or at once where it is another's, when others come")
    func cutStream() throws {
        var swarm = swarm(pieces: 64)
        #expect(swarm.fetches(need(.all(of: 64)), now: start) == [.upstream(0..<64)])
        #expect(swarm.sharedStreamEnd(from: 5) == 64)
        swarm.update(holders: [], wanters: [peer], now: start)
        #expect(swarm.sharedStreamEnd(from: 5) == 8)
        let ownership = Ownership(of: digest, among: [own, peer])
        let others = try #require((0..<64).first { ownership.owner(of: $0) == peer })
        let mine = try #require((0..<64).first { ownership.owner(of: $0) == own })
        #expect(swarm.maySharedStreamStay(in: others, done: 0.1, now: start) == false)
        #expect(swarm.maySharedStreamStay(in: others, done: 0.9, now: start) == true)
        #expect(swarm.maySharedStreamStay(in: mine, done: 0, now: start) == true)
        #expect(swarm.maySharedStreamEnter(mine, now: start) && !swarm.maySharedStreamEnter(others, now: start))
    }

    @Test(
        "takes over the end of a share of which much is left, when its own is done, and nothing of what is nearly done")
    func takeover() {
        var swarm = swarm(pieces: 256, wanters: [peer])
        swarm.heard(
            peer, have: PieceSet(count: 256), fetching: pieces(0..<1, of: 256), hasUpstream: true, now: start)
        let now = start + .seconds(1)
        swarm.heard(
            peer, have: pieces(0..<1, of: 256), fetching: pieces(1..<2, of: 256), hasUpstream: true, now: now)
        let ownership = Ownership(of: digest, among: [own, peer])
        var theirs = PieceSet(count: 256)
        for piece in 2..<256 where ownership.owner(of: piece) == peer { theirs.insert(piece) }
        let last = theirs.ranges.last?.upperBound
        guard case .upstream(let range)? = swarm.fetches(need(theirs), now: now).last else {
            Issue.record("it fetches nothing")
            return
        }
        #expect(range.upperBound == last)
        #expect(swarm.fetches(need(pieces(range, of: 256)), now: now) == [])
    }

    @Test("fetches for itself when nothing has come for long, whoever's share it is")
    func stuck() {
        var swarm = swarm(holders: [peer], wanters: [other])
        let late = start + SwarmLimits.stuckAfter + SwarmLimits.stuckPerRank
        let fetches = swarm.fetches(need(pieces(5..<6), transfers: SwarmLimits.transfers), now: late)
        #expect(fetches == [.upstream(5..<6)])
    }

    @Test("leaves alone for a while who failed, longer each time, and who is busy for a moment")
    func aside() {
        var swarm = swarm(holders: [peer])
        swarm.failed(peer, now: start)
        #expect(swarm.fetches(need(.all(of: 16), upstream: false), now: start) == [])
        #expect(swarm.fetches(need(.all(of: 16), upstream: false), now: start + .seconds(1)).count == 1)
        swarm.wasBusy(peer, retryAfter: .seconds(1), now: start + .seconds(1))
        #expect(
            swarm.fetches(need(.all(of: 16)), now: start + .seconds(1)) == [],
            "a busy holder is no reason to ask upstream")
        #expect(swarm.fetches(need(.all(of: 16)), now: start + .seconds(2)).count == 1)
    }

    @Test("follows a bounded number of the others, and asks a bounded number at a time")
    func bounded() {
        let many = (0..<1000).map { _ in NodeID.random() }
        let swarm = swarm(wanters: many)
        #expect(swarm.members.count <= SwarmLimits.neighbours + 2 * Ownership.fetchers)
        #expect(swarm.questions(now: start).count == SwarmLimits.questions)
    }

    @Test("forgets who wants the blob no more")
    func leaving() {
        var swarm = swarm(wanters: [peer])
        swarm.update(holders: [], wanters: [], now: start)
        #expect(swarm.members.isEmpty && !swarm.isShared)
    }
}
