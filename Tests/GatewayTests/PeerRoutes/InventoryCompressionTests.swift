import Discovery
import NIOHTTP1
import OCI
import Testing

@testable import Gateway

@Suite("Compressed inventories", .timeLimit(.minutes(1)))
struct InventoryCompressionTests {
    private func answer(
        _ path: String = "/v1/inventory", accepting: String?, blobs: Int = 500, gate: StubGate? = nil
    ) async -> (response: HTTPResponse, body: [UInt8]) {
        var headers: HTTPHeaders = ["Shoal-Challenge": "mine"]
        if let accepting { headers.add(name: "Accept-Encoding", value: accepting) }
        if gate != nil { headers.add(name: "Authorization", value: "Shoal signed GET \(path) -") }
        let response = await PeerResponder(backend: StubPeer(blobs: blobs), gate: gate).respond(
            to: HTTPRequest(method: .GET, path: path, headers: headers))
        guard case .bytes(let body) = response.body else { return (response, []) }
        return (response, body)
    }

    @Test("who takes gzip gets the same page in fewer bytes")
    func compressed() async throws {
        let plain = await answer(accepting: nil)
        let gzip = await answer(accepting: "gzip")
        #expect(plain.response.headers.first(name: "Content-Encoding") == nil)
        #expect(gzip.response.headers.first(name: "Content-Encoding") == "gzip")
        #expect(gzip.response.headers.first(name: "Content-Type") == "application/json")
        #expect(gzip.body.count < plain.body.count)
        #expect(try GzipBody.inflated(gzip.body, limit: plain.body.count) == plain.body)
        for answer in [plain, gzip] { #expect(answer.response.headers.first(name: "Vary") == "Accept-Encoding") }
    }

    @Test("the proof is over the bytes that are sent")
    func proof() async {
        let gzip = await answer(accepting: "gzip", gate: StubGate())
        #expect(gzip.response.headers.first(name: "Shoal-Proof") == "proof of mine \(gzip.body.count)")
        let plain = await answer(accepting: nil, gate: StubGate())
        #expect(plain.response.headers.first(name: "Shoal-Proof") == "proof of mine \(plain.body.count)")
        #expect(gzip.body.count < plain.body.count)
    }

    @Test(
        "what is small, an error or no inventory is sent as it is",
        arguments: [("/v1/inventory", 1), ("/v1/node", 500), ("/v1/inventories", 500)])
    func plain(path: String, blobs: Int) async {
        let (response, body) = await answer(path, accepting: "gzip", blobs: blobs)
        #expect(!response.headers.contains(name: "Content-Encoding"))
        #expect(body.first == UInt8(ascii: "{"))
    }
}
