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

    @Test("listeners hear once of what happened while they did not look")
    func changes() async {
        let inventory = Inventory(epoch: 1)
        let changes = inventory.changes()
        for count in 1...5 { inventory.set(blobs: Samples.entries(0..<count), references: []) }
        var iterator = changes.makeAsyncIterator()
        #expect(await iterator.next() != nil)
        let heard: Task<Bool, Never> = Task {
            for await _ in changes { return true }
            return false
        }
        heard.cancel()
        #expect(await heard.value == false)
    }

    @Test("a listener may be cancelled in the moment of a change", .timeLimit(.minutes(1)))
    func cancelled() async {
        let inventory = Inventory(epoch: 1)
        for round in 1...5_000 {
            let changes = inventory.changes()
            let listening = Task { for await _ in changes {} }
            async let change: Void = inventory.set(blobs: Samples.entries(0..<round % 2), references: [])
            for _ in 0..<round % 5 { await Task.yield() }
            listening.cancel()
            await change
            await listening.value
        }
        #expect(inventory.version > 0)
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
