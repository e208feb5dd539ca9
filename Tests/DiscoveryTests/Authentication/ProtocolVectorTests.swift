import Testing

@testable import Discovery

/// The examples of docs/protocol.md, computed there by another program.
@Suite struct ProtocolVectorTests {
    private let node = NodeID(hex: "00112233445566778899aabbccddeeff")!

    @Test("the keys for each purpose are what the page says")
    func subkeys() throws {
        let parts = try Samples.key(1).current
        #expect(Hex.string(parts.clusterID) == "ee3fc2f61c8270e7")
        #expect(Hex.string(parts.beacon) == "52a950e1c7a807783c1a3ae7f6b363ecf52f2aa7defc6c263ed01fa1e9bcd40f")
        #expect(Hex.string(parts.request) == "762c2ac8f66cca1b71cecb94e86ac207b01418d415a554642b6817f6670bfd49")
        #expect(Hex.string(parts.proof) == "255e5ee3fdc302d5ae8e75d573e9d38e90da05142d9bf18329997336475ee0e8")
    }

    @Test("a Bye is the datagram of the page")
    func bye() throws {
        let bye = Beacon(node: node, epoch: 7, sequence: 1, payload: .bye)
        let bytes = try #require(BeaconCodec(key: try Samples.key(1)).encode(bye))
        #expect(
            Hex.string(bytes) == """
                08011208ee3fc2f61c8270e71a1000112233445566778899aabbccddeeff200728013a00\
                7a20188adab10649b44b75724b931695a8fd044ce4e7c9369868bcad1fad0dd4f55d
                """)
    }

    @Test("a request's code is the one of the page")
    func request() throws {
        let code = PeerAuthorization.code(
            key: try Samples.key(1).current.request, node: node, nonce: String(repeating: "0", count: 64), count: 1,
            method: "GET", target: "/v1/inventory?epoch=7&since=3", range: nil)
        #expect(Hex.string(code) == "bddfc341c974781f623e3d9b3bf56b3f0c4c8c5a458c7a6718b16418f5457964")
    }

    @Test("an answer's proof is the one of the page")
    func proof() throws {
        let code = PeerProof.code(
            key: try Samples.key(1).current.proof, node: node, clientNonce: "0123456789abcdef0123456789abcdef",
            body: Array("{}".utf8))
        #expect(Hex.string(code) == "e3e785d2d9cd72f87a4997bca8b34e346aa570ddd751829a836361447ef0c317")
    }
}
