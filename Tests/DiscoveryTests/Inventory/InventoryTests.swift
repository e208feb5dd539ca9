import FoundationEssentials
import OCI
import Testing

@testable import Discovery

@Suite struct InventoryTests {
    @Test("the inventory answers for what it offers")
    func offers() throws {
        let inventory = Inventory(epoch: 1)
        inventory.set(blobs: Samples.entries(0..<3), references: [try Samples.offer("nginx", 1)])
        #expect(inventory.contains(Samples.digest(1)))
        #expect(!inventory.contains(Samples.digest(9)))
        #expect(inventory.size(of: Samples.digest(1)) == 100)
        #expect(inventory.reference(Samples.nginx)?.digest == Samples.digest(1))
        #expect(inventory.count == 3 && inventory.totalBytes == 300 && inventory.version == 1)
    }

    @Test("listeners hear of the newest version")
    func changes() async {
        let inventory = Inventory(epoch: 1)
        var changes = inventory.changes().makeAsyncIterator()
        for count in 1...5 { inventory.set(blobs: Samples.entries(0..<count), references: []) }
        #expect(await changes.next() == 5)
    }

    @Test("a page is JSON that reads back as it was, with digests and references as text")
    func json() throws {
        let inventory = Inventory(epoch: 1, limits: .init(), wallClock: { 1_000_060 })
        inventory.set(blobs: Samples.entries(0..<1), references: [try Samples.offer("nginx", 1)])
        let page = inventory.page(epoch: nil, since: nil)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(page), as: UTF8.self)
        #expect(
            text == """
                {"added":[{"digest":"\(Samples.digest(0))","size":100}],"epoch":1,"full":true,"references":[{"ageSeconds":60,\
                "digest":"\(Samples.digest(1))","mediaType":"application/vnd.oci.image.index.v1+json",\
                "reference":"docker.io/library/nginx:latest"}],"removed":[],"removedReferences":[],"version":1}
                """)
        #expect(try JSONDecoder().decode(InventoryPage.self, from: Data(text.utf8)) == page)
    }
}
