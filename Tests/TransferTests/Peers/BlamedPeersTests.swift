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
    private let third = ContentHasher.digest(of: [3])
    private let now = ContinuousClock.now

    @Test("a peer is left alone about one blob, for ten minutes")
    func duration() {
        let blamed = BlamedPeers()
        blamed.insert(.init(peer: peer, digest: blob, isConvicted: false), now: now)
        #expect(blamed.contains(peer, blob, now: now + .seconds(599)))
        #expect(!blamed.contains(peer, blob, now: now + .seconds(600)))
        #expect(!blamed.contains(peer, another, now: now))
        #expect(!blamed.contains(other, blob, now: now))
    }

    @Test("who is convicted of one blob is convicted, and a later doubt does not clear it")
    func conviction() {
        let blamed = BlamedPeers()
        blamed.insert(.init(peer: peer, digest: blob, isConvicted: true), now: now)
        blamed.insert(.init(peer: peer, digest: blob, isConvicted: false), now: now)
        blamed.insert(.init(peer: peer, digest: another, isConvicted: false), now: now)
        blamed.insert(.init(peer: other, digest: blob, isConvicted: false), now: now)
        #expect(
            Set(blamed.all) == [
                .init(peer: peer, blobs: 2, isConvicted: true), .init(peer: other, blobs: 1, isConvicted: false),
            ])
    }

    @Test("the table is bounded, and what is over makes room")
    func bounds() {
        let blamed = BlamedPeers()
        for number in 0..<5000 {
            let digest = ContentHasher.digest(of: Array("\(number)".utf8))
            blamed.insert(.init(peer: peer, digest: digest, isConvicted: false), now: now)
        }
        #expect(blamed.all.map(\.blobs) == [4096])
        blamed.insert(.init(peer: other, digest: blob, isConvicted: false), now: now + .seconds(601))
        #expect(blamed.contains(other, blob, now: now + .seconds(602)))
    }

    @Test("who is convicted of two blobs is asked for nothing for ten minutes, and then again")
    func shunning() {
        let blamed = BlamedPeers()
        blamed.insert(.init(peer: peer, digest: blob, isConvicted: true), now: now)
        #expect(!blamed.contains(peer, third, now: now))
        blamed.insert(.init(peer: peer, digest: another, isConvicted: true), now: now + .seconds(1))
        #expect(blamed.contains(peer, third, now: now + .seconds(600)))
        #expect(!blamed.contains(other, third, now: now + .seconds(600)))
        #expect(blamed.all(now: now + .seconds(1)).map(\.isShunned) == [true])
        #expect(!blamed.contains(peer, third, now: now + .seconds(601)))
    }

    @Test("who is only suspected is asked for other blobs, however often it is: a liar can make others suspect")
    func suspicion() {
        let blamed = BlamedPeers()
        for digest in [blob, another, third] {
            blamed.insert(.init(peer: peer, digest: digest, isConvicted: false), now: now)
        }
        #expect(!blamed.contains(peer, ContentHasher.digest(of: [4]), now: now))
    }

    @Test("the pieces that were wrong are counted, each once")
    func pieces() {
        let blamed = BlamedPeers()
        for piece in [3, 7, 3] {
            blamed.insert(.init(peer: peer, digest: blob, piece: piece, isConvicted: false), now: now)
        }
        #expect(blamed.all(now: now).map(\.pieces) == [2])
    }
}
