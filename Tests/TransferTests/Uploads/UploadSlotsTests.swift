import OCI
import Testing
import Transfer

@Suite("Upload slots")
struct UploadSlotsTests {
    private let one: Digest
    private let other: Digest

    init() throws {
        one = try Digest("sha256:" + String(repeating: "1", count: 64))
        other = try Digest("sha256:" + String(repeating: "2", count: 64))
    }

    @Test("There are as many as configured, and one that is let go can be had again")
    func limit() {
        let slots = UploadSlots(limit: 2)
        var first = slots.acquire(to: "192.0.2.1")
        let second = slots.acquire(piecesOf: one, to: "192.0.2.2")
        #expect(first != nil && second != nil)
        #expect(slots.acquire(to: "192.0.2.3") == nil)
        #expect(slots.acquire(piecesOf: other, to: "192.0.2.3") == nil)
        first = nil
        #expect(slots.inUse == 1)
        #expect(slots.acquire(to: "192.0.2.3") != nil)
        withExtendedLifetime(second) {}
    }

    @Test("Of one blob's pieces four go out at a time, and other blobs are not kept waiting")
    func perBlob() {
        let slots = UploadSlots(limit: 32)
        var held = (0..<4).map { _ in slots.acquire(piecesOf: one, to: "192.0.2.1") }
        #expect(held.allSatisfy { $0 != nil })
        #expect(slots.acquire(piecesOf: one, to: "192.0.2.2") == nil)
        #expect(slots.inUse == 4)
        #expect(slots.acquire(piecesOf: other, to: "192.0.2.1") != nil)
        #expect(slots.acquire(to: "192.0.2.1") != nil)
        held.removeLast()
        #expect(slots.acquire(piecesOf: one, to: "192.0.2.2") != nil)
        withExtendedLifetime(held) {}
    }

    @Test(
        "One address gets half of them, and leaves the others' to them", arguments: [(32, 16), (5, 2), (2, 1), (1, 1)])
    func perAddress(limit: Int, half: Int) {
        let slots = UploadSlots(limit: limit)
        var held = (0..<limit).compactMap { _ in slots.acquire(to: "192.0.2.1") }
        #expect(held.count == half)
        let others = (0..<limit).compactMap { slots.acquire(to: "192.0.2.\(10 + $0)") }
        #expect(others.count == limit - half)
        #expect(slots.refusals == Int64(limit))
        held.removeLast()
        #expect(slots.acquire(to: "192.0.2.1") != nil)
        withExtendedLifetime((held, others)) {}
    }
}
