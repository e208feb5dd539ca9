import Discovery
import NIOHTTP1
import TLS
import Testing

@testable import Gateway

/// A client whose certificate names a node is that node.
@Suite("Peers with certificates")
struct CertifiedPeerTests {
    private static let one = "00112233445566778899aabbccddeeff"
    private static let two = "ffeeddccbbaa99887766554433221100"
    private static let pieces = "/v1/pieces/\(StubPeer.blobDigest)"

    private static func request(
        _ path: String, certified: String?, claimed: String? = nil, authorization: String? = nil
    ) -> HTTPRequest {
        var headers = HTTPHeaders()
        if let claimed { headers.add(name: "Shoal-Node", value: claimed) }
        if let authorization { headers.add(name: "Authorization", value: authorization) }
        var request = HTTPRequest(method: .GET, path: path, headers: headers)
        request.certifiedNode = certified.flatMap { NodeID(hex: $0) }
        return request
    }

    @Test(
        "What a request says of its node must be what the certificate says; where it says nothing the certificate does",
        arguments: [
            (nil, nil, 200, "-"), (nil, one, 200, one), (one, one, 200, one), (one, one.uppercased(), 200, one),
            (one, nil, 200, one), (one, "someone", 200, one), (one, two, 403, nil),
        ] as [(String?, String?, UInt, String?)])
    func claims(certified: String?, claimed: String?, status: UInt, asker: String?) async {
        let backend = StubPeer()
        let response = await PeerResponder(backend: backend, gate: nil).respond(
            to: Self.request(Self.pieces, certified: certified, claimed: claimed))
        #expect(response.status.code == status)
        #expect(backend.questions == (asker.map { ["pieces - 0 \($0)"] } ?? []))
    }

    @Test("Every path is closed to who claims to be another node, and the status tells of it")
    func everyPath() async {
        let troubles = TLSTroubles(logger: .silent)
        let responder = PeerResponder(backend: StubPeer(), gate: nil, troubles: troubles)
        let paths = [
            PeerResponderTests.blob, Self.pieces, "/v1/chain/\(StubPeer.blobDigest)", "/v1/inventory", "/v1/node",
        ]
        for path in paths {
            let mine = await responder.respond(to: Self.request(path, certified: Self.one, claimed: Self.one))
            #expect(mine.status == .ok, "\(path)")
            #expect(troubles.warnings.isEmpty, "\(path)")
        }
        for path in paths {
            let others = await responder.respond(to: Self.request(path, certified: Self.one, claimed: Self.two))
            #expect(others.status == .forbidden, "\(path)")
        }
        #expect(troubles.warnings.count == 1)
        #expect(troubles.warnings.first?.contains("a certificate of node \(Self.one), and is node \(Self.two)") == true)
    }

    @Test("With a cluster key the node that signed the request must be the certificate's")
    func signed() async throws {
        let authorization = "Shoal signed GET \(Self.pieces) -"
        let responder = PeerResponder(backend: StubPeer(), gate: StubGate())
        for (certified, status) in [(StubGate.signer.hex, 200), (Self.two, 403)] as [(String, UInt)] {
            let response = await responder.respond(
                to: Self.request(Self.pieces, certified: certified, authorization: authorization))
            #expect(response.status.code == status)
        }
        // Who proves nothing is told so first.
        let unsigned = await responder.respond(to: Self.request(Self.pieces, certified: Self.two))
        #expect(unsigned.status == .unauthorized)
    }
}
