import Discovery
import Integrity
import OCI
import Testing

@testable import Transfer

@Suite struct BlamedPeersTests {
    private let peer = NodeID.random()
    private let other = NodeID.random()
    private let blob = ContentHasher.digest(of: [1])
    private let another = ContentHasher.digest(of: [2])
    private let now = ContinuousClock.now

    @Test("a peer is left alone about one blob, for ten minutes")
    func duration() {
        let blamed = BlamedPeers()
        blamed.insert(peer, blob, isConvicted: false, now: now)
        #expect(blamed.contains(peer, blob, now: now + .seconds(599)))
        #expect(!blamed.contains(peer, blob, now: now + .seconds(600)))
        #expect(!blamed.contains(peer, another, now: now))
        #expect(!blamed.contains(other, blob, now: now))
    }

    @Test("who is convicted of one blob is convicted, and a later doubt does not clear it")
    func conviction() {
        let blamed = BlamedPeers()
        blamed.insert(peer, blob, isConvicted: true, now: now)
        blamed.insert(peer, blob, isConvicted: false, now: now)
        blamed.insert(peer, another, isConvicted: false, now: now)
        blamed.insert(other, blob, isConvicted: false, now: now)
        #expect(
            Set(blamed.all) == [
                .init(peer: peer, blobs: 2, isConvicted: true), .init(peer: other, blobs: 1, isConvicted: false),
            ])
    }

    @Test("the table is bounded, and what is over makes room")
    func bounds() {
        let blamed = BlamedPeers()
        for number in 0..<5000 {
            blamed.insert(peer, ContentHasher.digest(of: Array("\(number)".utf8)), isConvicted: false, now: now)
        }
        #expect(blamed.all.map(\.blobs) == [4096])
        blamed.insert(other, blob, isConvicted: false, now: now + .seconds(601))
        #expect(blamed.contains(other, blob, now: now + .seconds(602)))
    }
}
