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
        var first = slots.acquire()
        let second = slots.acquire(piecesOf: one)
        #expect(first != nil && second != nil)
        #expect(slots.acquire() == nil)
        #expect(slots.acquire(piecesOf: other) == nil)
        first = nil
        #expect(slots.inUse == 1)
        #expect(slots.acquire() != nil)
        withExtendedLifetime(second) {}
    }

    @Test("Of one blob's pieces four go out at a time, and other blobs are not kept waiting")
    func perBlob() {
        let slots = UploadSlots(limit: 32)
        var held = (0..<4).map { _ in slots.acquire(piecesOf: one) }
        #expect(held.allSatisfy { $0 != nil })
        #expect(slots.acquire(piecesOf: one) == nil)
        #expect(slots.inUse == 4)
        #expect(slots.acquire(piecesOf: other) != nil)
        #expect(slots.acquire() != nil)
        held.removeLast()
        #expect(slots.acquire(piecesOf: one) != nil)
        withExtendedLifetime(held) {}
    }
}
