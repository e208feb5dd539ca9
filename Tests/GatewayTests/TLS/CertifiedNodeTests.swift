import Discovery
import Testing

@testable import TLS

@Suite("The node of a certificate")
struct CertifiedNodeTests {
    private static let one = "00112233445566778899aabbccddeeff"
    private static let two = "ffeeddccbbaa99887766554433221100"

    @Test(
        "A URI of the right form names it",
        arguments: [
            ["urn:shoal:node:\(one)"], ["https://example.com", "urn:shoal:node:\(one)"],
            ["URN:Shoal:NODE:\(one.uppercased())"], ["urn:shoal:node:\(one)", "urn:shoal:node:\(one.uppercased())"],
        ])
    func named(uris: [String]) throws {
        let node = try #require(NodeID(hex: Self.one))
        let other = try #require(NodeID(hex: Self.two))
        let certified = CertifiedNode(uris: uris)
        #expect(certified == .node(node))
        #expect(certified.node == node)
        #expect(certified.admits(node))
        #expect(!certified.admits(other))
    }

    @Test(
        "Other URIs name none, and the certificate is good for any node",
        arguments: [
            [], ["https://example.com"], ["urn:shoal:cluster:\(one)"], ["shoal:\(one)"], ["x-urn:shoal:node:\(one)"],
        ])
    func anyNode(uris: [String]) throws {
        let certified = CertifiedNode(uris: uris)
        #expect(certified == .anyNode)
        let node = try #require(NodeID(hex: Self.one))
        #expect(certified.node == nil)
        #expect(certified.admits(node))
    }

    @Test(
        "What cannot be read, or names two, is good for no node",
        arguments: [
            ["urn:shoal:node:"], ["urn:shoal:node:\(one.dropLast())"], ["urn:shoal:node:\(one)0"],
            ["urn:shoal:node: \(one)"], ["urn:shoal:node:\(one.dropLast())g"],
            ["urn:shoal:node:\(one)", "urn:shoal:node:\(two)"], ["urn:shoal:node:\(one)", "urn:shoal:node:x"],
            ["urn:shoal:node:\(one)#part"],
        ])
    func unclear(uris: [String]) throws {
        let certified = CertifiedNode(uris: uris)
        guard case .unclear(let reason) = certified else {
            Issue.record("\(uris) is \(certified)")
            return
        }
        let node = try #require(NodeID(hex: Self.one))
        #expect(!reason.isEmpty)
        #expect(!certified.admits(node))
    }
}
