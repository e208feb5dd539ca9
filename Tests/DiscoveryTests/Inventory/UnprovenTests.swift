import FoundationEssentials
import OCI
import Testing

@testable import Discovery

@Suite struct UnprovenTests {
    private let unproven = InventoryEntry(digest: Samples.digest(1), size: 5, isProven: false)

    @Test("JSON says what is unproven, and nothing of the rest")
    func json() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let digest = Samples.digest(1).description
        let texts = try [unproven, Samples.entry(1, size: 5)].map {
            String(decoding: try encoder.encode($0), as: UTF8.self)
        }
        #expect(texts[0] == #"{"digest":"\#(digest)","size":5,"unproven":true}"#)
        #expect(texts[1] == #"{"digest":"\#(digest)","size":5}"#)
        for (text, isProven) in zip(texts, [false, true]) {
            #expect(try JSONDecoder().decode(InventoryEntry.self, from: Data(text.utf8)).isProven == isProven)
        }
    }

    @Test("a blob that becomes proven is news, inline and in a delta")
    func news() {
        var state = InventoryState(epoch: 1)
        let wasSet = state.set(blobs: [unproven], references: [])
        #expect(state.announcement(since: 0, limit: 20).changes?.added == [unproven])
        let proven = Samples.entry(1, size: 5)
        let becameProven = state.set(blobs: [proven], references: [])
        let again = state.set(blobs: [proven], references: [])
        #expect(wasSet && becameProven && !again)
        #expect(state.announcement(since: 1, limit: 20).changes?.added == [proven])
        let page = state.page(epoch: 1, since: 1, next: nil, now: 0)
        #expect(page.added == [proven])
    }
}
