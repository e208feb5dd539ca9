import Discovery
import Integrity
import Testing

@testable import Transfer

private let start = ContinuousClock.now

@Suite("Transfers of a swarm that are late")
struct SwarmRemediesTests {
    private let peer = NodeID.random()
    private let other = NodeID.random()

    private func swarm() -> Swarm {
        var swarm = Swarm(own: .random(), digest: ContentHasher.digest(of: [1]), pieces: 16, now: start)
        swarm.update(holders: [], wanters: [peer, other], now: start)
        for node in [peer, other] {
            swarm.heard(
                node, have: .all(of: 16), fetching: PieceSet(count: 16), hasUpstream: true, now: start)
        }
        swarm.transferBegan(from: peer)
        // Others took a tenth of a second.
        swarm.transferEnded(from: other, bytes: 4 << 20, seconds: 0.1)
        return swarm
    }

    private func transfer(bytes: Int64 = 0, lastByte: Duration = .zero, piece: Int = 3) -> Swarm.Transfer {
        Swarm.Transfer(
            node: peer, piece: piece, beganAt: start, lastByteAt: start + lastByte, bytes: bytes, isWaiting: false)
    }

    private let nothing = PieceSet(count: 16)

    @Test("are asked of a second one at the end, and not before they are late")
    func hedge() {
        var swarm = swarm()
        #expect(swarm.remedies(for: [transfer()], missing: nothing, now: start + .milliseconds(200)) == [])
        let later = start + SwarmLimits.lateAfter
        #expect(swarm.remedies(for: [transfer()], missing: nothing, now: later) == [.hedge(other, piece: 3)])
        #expect(swarm.hedges == 1)
    }

    @Test("are left alone while there is other work, as long as bytes come")
    func busy() {
        var swarm = swarm()
        let late = start + .seconds(1)
        let flowing = transfer(bytes: 1000, lastByte: .milliseconds(900))
        #expect(swarm.remedies(for: [flowing], missing: .all(of: 16), now: late) == [])
        let stalled = start + SwarmLimits.stalledAfter
        #expect(swarm.remedies(for: [transfer()], missing: .all(of: 16), now: stalled).count == 1)
    }

    @Test("are not asked of a second one when they are nearly here")
    func nearly() {
        var swarm = swarm()
        let almost = transfer(bytes: (4 << 20) - 1, lastByte: .milliseconds(600))
        #expect(swarm.remedies(for: [almost], missing: nothing, now: start + .milliseconds(600)) == [])
    }

    @Test("are asked of no third one, and of a few at a time")
    func bounded() {
        var swarm = swarm()
        let late = start + .seconds(1)
        var second = transfer()
        second.node = other
        #expect(swarm.remedies(for: [transfer(), second], missing: nothing, now: late) == [])
        var hedges = 0
        for _ in 0..<100 { hedges += swarm.remedies(for: [transfer()], missing: nothing, now: late).count }
        #expect(hedges == SwarmLimits.hedges(ofPieces: 16), "and not without end")
    }

    @Test("are given up where the peer does not answer any more, or nothing has come for long")
    func abandon() {
        var swarm = swarm()
        let stalled = start + SwarmLimits.stalledAfter
        swarm.failed(peer, now: stalled)
        #expect(
            swarm.remedies(for: [transfer()], missing: nothing, now: stalled) == [.abandon(peer, piece: 3)])
        var patient = self.swarm()
        #expect(
            patient.remedies(for: [transfer()], missing: nothing, now: start + SwarmLimits.abandonedAfter)
                == [.abandon(peer, piece: 3)])
    }
}
