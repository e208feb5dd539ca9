import Glibc
import OCI
import SystemPackage
import Testing

@testable import Content

@Suite("What the spool may take")
struct SpoolSpaceTests {
    private static func spool(_ scratch: Scratch, limit: Int64) throws -> Spool {
        try Spool(directory: scratch.path.appending("spool"), limit: limit)
    }

    @Test("A file that would go past the limit is refused its bytes, and one that is gone makes room")
    func refused() throws {
        let scratch = try Scratch()
        let spool = try Self.spool(scratch, limit: 1000)
        let (first, second) = (try spool.begin(digestOf([1])), try spool.begin(digestOf([2])))
        try first.write(bytes(600))
        let error = #expect(throws: ContentError.self) { try second.write(bytes(500)) }
        #expect(error?.code == .exceedsCapacity)
        #expect(error?.message.contains("limits.spool") == true)
        #expect(try second.file.size() == 0)
        try second.write(bytes(400))
        first.discard()
        try second.write(bytes(600), at: 400)
        #expect(throws: ContentError.self) { try second.write([1], at: 1000) }
        // A file goes with its last reference, which an optimised build sees end before the sizes are compared.
        withExtendedLifetime((first, second)) {}
    }

    @Test("A file that a store has taken is not the spool's any more")
    func surrendered() throws {
        let scratch = try Scratch()
        let spool = try Self.spool(scratch, limit: 1000)
        let first = try spool.begin(digestOf([1]))
        try first.write(bytes(1000))
        first.seal()
        first.surrender()
        let second = try spool.begin(digestOf([2]))
        try second.write(bytes(1000))
        withExtendedLifetime((first, second)) {}
    }

    @Test("Bytes that are written twice, and holes, are counted for what they take at most")
    func rewritten() {
        var share = SpoolSpace.Share()
        #expect(share.write(100, at: 900) == 100)
        #expect(share.write(100, at: 900) == 100)
        #expect(share.bytes == 200)
        for _ in 0..<20 { _ = share.write(100, at: 0) }
        #expect(share.bytes == 1000)
        #expect(share.write(1, at: 1000) == 1)
    }

    @Test("What was left counts, and the oldest of it goes for what is arriving")
    func leftovers() throws {
        let scene = try SpoolScene()
        let pieces = Int64(2 * SpoolScene.pieceSize)
        try scene.leave(sums: [0, 1])
        let spool = try Spool(directory: scene.folder, limit: pieces + (1 << 20))
        let file = try spool.begin(digestOf([1]))
        #expect(throws: ContentError.self) { try file.write(bytes(2 << 20)) }
        #expect(spool.makeRoom(for: 1) >= pieces)
        try file.write(bytes(2 << 20))
        #expect(try scene.names.count == 1)
        withExtendedLifetime(file) {}
    }

    @Test("An agent with a lower limit than the one before lets go of what was left")
    func lowered() throws {
        let scene = try SpoolScene()
        try scene.leave(sums: [0, 1])
        let spool = try Spool(directory: scene.folder, limit: 1 << 20)
        #expect(try scene.names == [])
        let file = try spool.begin(digestOf([1]))
        try file.write(bytes(1 << 20))
        withExtendedLifetime(file) {}
    }

    @Test("A download that goes on from what was left takes no more than the file's rest")
    func adopted() throws {
        let scene = try SpoolScene()
        try scene.leave(sums: [0, 1])
        let spool = try Spool(directory: scene.folder, limit: Int64(scene.blob.count))
        let file = try spool.begin(scene.digest)
        #expect(file.recovered != nil)
        try file.write(scene.bytes(of: 2), at: Int64(2 * SpoolScene.pieceSize))
        #expect(throws: ContentError.self) { try file.write([1], at: Int64(scene.blob.count)) }
        withExtendedLifetime(file) {}
    }
}
