import OCI
import Testing

@testable import Discovery

@Suite struct InventoryReadingTests {
    private func page(
        version: UInt64 = 3, epoch: UInt64 = 1, added: Range<Int> = 0..<0, next: String? = nil
    ) -> InventoryPage {
        InventoryPage(epoch: epoch, version: version, full: true, added: Samples.entries(added), next: next)
    }

    @Test("pages add up, and the first one's version counts")
    func adds() throws {
        var reading = try InventoryReading(page(added: 0..<3, next: "b1"), limits: .init())
        try reading.append(page(version: 4, added: 3..<5))
        #expect(
            reading.version == 3 && reading.added == Samples.entries(0..<5) && reading.next == nil && !reading.isCut)
    }

    @Test("an inventory that never ends is cut")
    func endless() throws {
        var reading = try InventoryReading(page(next: "b1"), limits: .init())
        var pages = 1
        while reading.next != nil {
            try reading.append(page(next: "b1"))
            pages += 1
        }
        #expect(pages == InventoryReading.pages && reading.isCut)
    }

    @Test("of a claim of too many digests as many are kept as one peer may have")
    func tooMany() throws {
        var limits = DirectoryLimits()
        limits.digestsPerPeer = 10
        var reading = try InventoryReading(page(added: 0..<8, next: "b1"), limits: limits)
        try reading.append(page(added: 8..<20, next: "b2"))
        #expect(reading.added == Samples.entries(0..<10))
    }

    @Test("a page of another epoch, or of an earlier version, does not follow")
    func inconsistent() throws {
        for wrong in [page(epoch: 2), page(version: 2), InventoryPage(epoch: 1, version: 3, full: false)] {
            var reading = try InventoryReading(page(next: "b1"), limits: .init())
            #expect(throws: DiscoveryError.self) { try reading.append(wrong) }
        }
    }

    @Test("a blob of impossible size makes the page worthless", arguments: [-1, Int64.max])
    func sizes(size: Int64) {
        var wrong = page()
        wrong.added = [Samples.entry(1, size: size)]
        #expect(throws: DiscoveryError.self) { try InventoryReading(wrong, limits: .init()) }
    }

    @Test("a page is bounded by what is kept of a peer's names, too")
    func tooManyNames() throws {
        var limits = DirectoryLimits()
        limits.referencesPerPeer = 3
        var full = page()
        full.references = try (0..<9).map {
            try Samples.localClaim("app@\(Samples.digest($0))", $0, version: Samples.version(1))
        }
        #expect(try InventoryReading(full, limits: limits).references == Array(full.references.prefix(3)))
    }

    @Test("a reference that cannot be so makes the page worthless", arguments: ReferenceEntryTests.impossible)
    func references(entry: ReferenceEntry) {
        var wrong = page()
        wrong.references = [entry]
        #expect(throws: DiscoveryError.self) { try InventoryReading(wrong, limits: .init()) }
    }

    @Test("references that can be so are taken", arguments: ReferenceEntryTests.possible)
    func goodReferences(entry: ReferenceEntry) throws {
        var good = page()
        good.references = [entry]
        #expect(try InventoryReading(good, limits: .init()).references == [entry])
    }
}
