import Discovery
import Testing

@testable import Agent

@Suite struct PeerChangesTests {
    private func peer(_ byte: UInt8, _ state: Peer.State = .alive) throws -> Peer {
        Peer(
            id: try #require(NodeID(bytes: [UInt8](repeating: byte, count: 16))), name: "node-\(byte)", addresses: [],
            epoch: 1, version: 1, state: state, sources: [], blobs: 0)
    }

    private func words(_ happenings: [Happening]) -> [String] {
        happenings.map { "\($0.type.rawValue) \($0.name ?? "")" }
    }

    @Test("who came, fell silent, came back and went is told once each")
    func changes() throws {
        var changes = PeerChanges()
        #expect(words(changes.look(at: [try peer(1), try peer(2)])) == ["peer_joined node-1", "peer_joined node-2"])
        #expect(changes.look(at: [try peer(1), try peer(2)]) == [])
        #expect(words(changes.look(at: [try peer(1, .suspect), try peer(2)])) == ["peer_suspect node-1"])
        #expect(words(changes.look(at: [try peer(1)])) == ["peer_left node-2", "peer_joined node-1"])
        #expect(words(changes.look(at: [])) == ["peer_left node-1"])
    }
}
