import Discovery
import Integrity
import OCI
import Testing

@testable import Transfer

@Suite("Ownership of pieces")
struct OwnershipTests {
    private let nodes = (0..<20).map { _ in NodeID.random() }
    private let digest = ContentHasher.digest(of: [1])

    @Test("is the same for everybody who sees the same nodes, in whatever order")
    func agreement() {
        let one = Ownership(of: digest, among: nodes)
        let other = Ownership(of: digest, among: nodes.reversed())
        #expect((0..<256).allSatisfy { one.owner(of: $0) == other.owner(of: $0) })
    }

    @Test("is shared by a few nodes, however many there are")
    func fetchers() {
        let owners = Set((0..<4096).compactMap { Ownership(of: digest, among: nodes).owner(of: $0) })
        #expect(owners.count == Ownership.fetchers)
    }

    @Test("comes in runs that are long enough to be streamed")
    func runs() {
        let ownership = Ownership(of: digest, among: nodes)
        #expect(
            (0..<64).allSatisfy { ownership.owner(of: $0) == ownership.owner(of: $0 / Ownership.run * Ownership.run) })
    }

    @Test("moves only the share of a node that goes")
    func departure() {
        let few = Array(nodes.prefix(6))
        let before = Ownership(of: digest, among: few)
        let after = Ownership(of: digest, among: few.dropFirst())
        for piece in 0..<1024 {
            guard let owner = before.owner(of: piece), owner != few[0] else { continue }
            #expect(after.owner(of: piece) == owner)
        }
    }

    @Test("differs from blob to blob")
    func blobs() throws {
        let other = try Digest("sha256:" + String(repeating: "cd", count: 32))
        #expect(
            Ownership.ranking(of: digest, among: nodes) != Ownership.ranking(of: other, among: nodes))
    }

    @Test("is nobody's where nobody can fetch")
    func nobody() {
        #expect(Ownership(of: digest, among: []).owner(of: 0) == nil)
    }
}
