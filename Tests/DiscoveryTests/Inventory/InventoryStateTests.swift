import OCI
import Testing

@testable import Discovery

@Suite struct InventoryStateTests {
    private let limits = InventoryLimits(log: 100, blobsPerPage: 10, referencesPerPage: 3)

    private func state(_ versions: [Range<Int>]) -> InventoryState {
        var state = InventoryState(epoch: 5, limits: limits)
        for range in versions { _ = state.set(blobs: Samples.entries(range), references: []) }
        return state
    }

    /// Reads as a peer does.
    private func readAll(_ state: inout InventoryState) -> (
        added: [InventoryEntry], references: [ReferenceEntry], pages: Int
    ) {
        var (added, references, pages) = ([InventoryEntry](), [ReferenceEntry](), 0)
        var next: String?
        repeat {
            let page = state.page(epoch: nil, since: nil, next: next, now: 1_000_000)
            added += page.added
            references += page.references
            next = page.next
            pages += 1
        } while next != nil && pages < 100
        return (added, references, pages)
    }

    @Test("an epoch begins empty at version 0, and each change makes the next version")
    func versions() {
        var state = InventoryState(epoch: 5, limits: limits)
        #expect(state.version == 0)
        #expect(state.set(blobs: Samples.entries(0..<3), references: []) == true)
        #expect(state.set(blobs: Samples.entries(0..<3), references: []) == false)
        #expect(state.set(blobs: Samples.entries(0..<2), references: []) == true)
        #expect(state.version == 2)
        #expect(state.totalBytes == 200)
    }

    @Test("a delta tells how everything stands that was touched since")
    func delta() {
        var state = state([0..<3, 1..<4, 1..<5])
        let page = state.page(epoch: 5, since: 1, next: nil, now: 0)
        #expect(!page.full && page.version == 3 && page.next == nil)
        #expect(Set(page.added) == Set(Samples.entries(3..<5)))
        #expect(page.removed == [Samples.digest(0)])
    }

    @Test("what came and went again is told as gone")
    func cameAndWent() {
        var state = state([0..<1, 0..<2, 0..<1])
        let page = state.page(epoch: 5, since: 1, next: nil, now: 0)
        #expect(page.added.isEmpty)
        #expect(page.removed == [Samples.digest(1)])
    }

    @Test("who is up to date gets an empty delta")
    func upToDate() {
        var state = state([0..<3])
        #expect(state.page(epoch: 5, since: 1, next: nil, now: 0) == InventoryPage(epoch: 5, version: 1, full: false))
    }

    @Test(
        "another epoch, a version of the future and no version at all get everything",
        arguments: [(4, 1), (nil, nil), (5, 9), (5, nil), (nil, 1)] as [(UInt64?, UInt64?)])
    func full(epoch: UInt64?, since: UInt64?) {
        var state = state([0..<3])
        let page = state.page(epoch: epoch, since: since, next: nil, now: 0)
        #expect(page.full && page.epoch == 5 && page.version == 1)
        #expect(Set(page.added) == Set(Samples.entries(0..<3)))
    }

    @Test("a version that the log has forgotten gets everything")
    func forgotten() {
        var state = InventoryState(epoch: 5, limits: .init(log: 5, blobsPerPage: 100, referencesPerPage: 3))
        for count in 1...10 { _ = state.set(blobs: Samples.entries(0..<count), references: []) }
        #expect(state.page(epoch: 5, since: 4, next: nil, now: 0).full)
        let delta = state.page(epoch: 5, since: 5, next: nil, now: 0)
        #expect(!delta.full && delta.added.count == 5)
    }

    @Test("a batch larger than the log leaves a log that begins after it")
    func largeBatch() {
        var state = InventoryState(epoch: 5, limits: .init(log: 5, blobsPerPage: 100, referencesPerPage: 3))
        _ = state.set(blobs: Samples.entries(0..<20), references: [])
        _ = state.set(blobs: Samples.entries(0..<21), references: [])
        #expect(state.page(epoch: 5, since: 0, next: nil, now: 0).full)
        #expect(state.page(epoch: 5, since: 1, next: nil, now: 0).added == [Samples.entry(20)])
    }

    @Test("a large inventory comes in pages, everything once")
    func pages() throws {
        var state = InventoryState(epoch: 5, limits: limits)
        let offers = try (0..<7).map { try Samples.offer("team/app:v\($0)", $0) }
        _ = state.set(blobs: Samples.entries(0..<35), references: offers)
        let (added, references, pages) = readAll(&state)
        #expect(added.count == 35 && Set(added) == Set(Samples.entries(0..<35)))
        #expect(references.count == 7 && Set(references.map(\.reference)) == Set(offers.map(\.reference)))
        #expect(pages == 6)
    }

    @Test("an inventory that changes while it is read is right after the delta from the first page's version")
    func changesWhileRead() {
        var state = state([0..<30])
        let first = state.page(epoch: nil, since: nil, next: nil, now: 0)
        _ = state.set(blobs: Samples.entries(2..<35), references: [])
        var known = Set(first.added.map(\.digest))
        var next = first.next
        while let token = next {
            let page = state.page(epoch: nil, since: nil, next: token, now: 0)
            known.formUnion(page.added.map(\.digest))
            next = page.next
        }
        let delta = state.page(epoch: 5, since: first.version, next: nil, now: 0)
        known.formUnion(delta.added.map(\.digest))
        known.subtract(delta.removed)
        #expect(known == Set((2..<35).map(Samples.digest)))
    }

    @Test(
        "a page position that was never handed out begins anew", arguments: ["", "b", "bzz", "b00", "x616263", "r2e2e"])
    func badPosition(next: String) {
        var state = state([0..<3])
        #expect(state.page(epoch: nil, since: nil, next: next, now: 0).added.count == 3)
    }

    @Test("a page position goes into a query as it is, whatever it names, and is short")
    func position() throws {
        let registry = try Samples.reference("[::1]:5000/team/app:v1")
        let longest = try Samples.reference(
            "\(String(repeating: "a", count: 60)).example:65535/\(String(repeating: "b", count: 255)):\(String(repeating: "c", count: 128))"
        )
        for position in [
            PagePosition.blob(Samples.digest(1)), .blob(Samples.longDigest(1)), .reference(registry),
            .reference(longest),
        ] {
            let isPlain = position.text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) }
            #expect(isPlain && position.text.utf8.count < 1024)
            #expect(PagePosition(position.text) == position)
        }
    }

    @Test("references are told with their age, and once more when they are gone")
    func references() throws {
        var state = InventoryState(epoch: 5, limits: limits)
        _ = state.set(blobs: [], references: [try Samples.offer("nginx", 1, knownGood: 1000)])
        let added = state.page(epoch: 5, since: 0, next: nil, now: 1060)
        #expect(added.references == [try Samples.claim("nginx", 1, age: 60)])
        #expect(state.page(epoch: 5, since: 0, next: nil, now: 900).references.first?.ageSeconds == 0)
        _ = state.set(blobs: [], references: [])
        #expect(state.page(epoch: 5, since: 1, next: nil, now: 0).removedReferences == [Samples.nginx])
    }

    @Test("a tag confirmed again is news after five minutes, a tag that moved at once")
    func staleness() throws {
        var state = InventoryState(epoch: 5, limits: limits)
        _ = state.set(blobs: [], references: [try Samples.offer("nginx", 1, knownGood: 1000)])
        #expect(!state.set(blobs: [], references: [try Samples.offer("nginx", 1, knownGood: 1299)]))
        #expect(state.set(blobs: [], references: [try Samples.offer("nginx", 1, knownGood: 1300)]))
        #expect(state.set(blobs: [], references: [try Samples.offer("nginx", 2, knownGood: 1301)]))
    }

    // MARK: The local namespace

    @Test("of a name with a version every change is news at once, and its age is none")
    func versioned() throws {
        var state = InventoryState(epoch: 5, limits: limits)
        let first = try Samples.localOffer("app:v1", 1, version: Samples.version(7))
        var offer = first
        func isNews() -> Bool { state.set(blobs: [], references: [offer]) }
        #expect(isNews() && !isNews())
        offer.knownGood += 1_000_000
        #expect(!isNews())
        offer.version = Samples.version(8)
        #expect(isNews() && !isNews())
        offer.version = Samples.version(8, by: 2)
        #expect(isNews() && !isNews())
        offer.digest = Samples.digest(2)
        #expect(isNews() && !isNews())
        offer.subject = Samples.digest(3)
        #expect(isNews() && !isNews())
        offer.isDeleted = true
        #expect(isNews() && !isNews())
        #expect(state.version == 6)
    }

    @Test("a deleted name is told like any other, in deltas and in pages, and not as one that nothing is told of")
    func deleted() throws {
        var state = InventoryState(epoch: 5, limits: limits)
        _ = state.set(blobs: [], references: [try Samples.localOffer("app:v1", 1, version: Samples.version(7))])
        let offer = try Samples.localOffer("app:v1", 1, version: Samples.version(8), isDeleted: true)
        _ = state.set(blobs: [], references: [offer])
        let delta = state.page(epoch: 5, since: 1, next: nil, now: 1_000_000)
        #expect(!delta.full && delta.references == [offer.entry(at: 1_000_000)] && delta.removedReferences.isEmpty)
        #expect(readAll(&state).references == [offer.entry(at: 1_000_000)])
    }

    @Test("tags and manifests of the local namespace come in pages, everything once")
    func manifestPages() throws {
        var state = InventoryState(epoch: 5, limits: limits)
        let offers = try (0..<10).map { number in
            try Samples.localOffer(
                number < 5 ? "app:v\(number)" : "app@\(Samples.digest(number))", number,
                version: Samples.version(UInt64(number) + 1))
        }
        _ = state.set(blobs: [], references: offers)
        let (_, references, pages) = readAll(&state)
        #expect(references.count == 10 && Set(references) == Set(offers.map { $0.entry(at: 1_000_000) }))
        #expect(pages == 4)
    }

    @Test("an announcement carries few changes inline, and of many or of tags only the version")
    func announcement() throws {
        var state = state([0..<3, 1..<4])
        let small = state.announcement(since: 1, limit: 20)
        #expect(small.version == 2 && small.count == 3)
        #expect(small.changes == .init(since: 1, added: [Samples.entry(3)], removed: [Samples.digest(0)]))
        #expect(state.announcement(since: 0, limit: 2).changes == nil)
        #expect(state.announcement(since: 2, limit: 20).changes == nil)
        _ = state.set(blobs: Samples.entries(1..<4), references: [try Samples.offer("nginx", 1)])
        #expect(state.announcement(since: 2, limit: 20) == .init(version: 3, count: 3, changes: nil))
    }
}
