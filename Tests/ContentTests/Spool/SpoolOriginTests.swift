import OCI
import Testing

@testable import Content

@Suite("Whose bytes were left in the spool")
struct SpoolOriginTests {
    private static let (asked, other) = (SpoolScene.origin(1), SpoolScene.origin(2))

    @Test("What one registry gave is gone on from for who asks it again, and for nobody else", arguments: [other, nil])
    func upstreams(stranger: SpoolOrigin?) throws {
        let scene = try SpoolScene()
        let left = try Spool(directory: scene.folder).create(scene.digest, from: Self.asked)
        try scene.add(0, to: left, .upstream)
        left.leave()
        let spool = try Spool(directory: scene.folder)
        #expect(try spool.create(scene.digest, from: stranger).recovered == nil)
        #expect(try spool.create(scene.digest, from: Self.asked).recovered?.pieces.map(\.piece) == [0])
    }

    @Test(
        "What peers gave is gone on from whoever is asked; a registry's word for the size is not",
        arguments: [false, true])
    func peers(isSizeUpstreams: Bool) throws {
        let scene = try SpoolScene()
        let left = try Spool(directory: scene.folder).create(scene.digest, from: Self.asked)
        left.note(size: Int64(scene.blob.count), sizeIsUpstreams: isSizeUpstreams)
        try scene.add(0, to: left, .checked)
        left.leave()
        let next = try Spool(directory: scene.folder).create(scene.digest, from: Self.other)
        #expect((next.recovered != nil) == !isSizeUpstreams)
    }

    @Test("Who is asked later than the file began is noted as well, and starting over does not forget it")
    func later() throws {
        let scene = try SpoolScene()
        let left = try Spool(directory: scene.folder).create(scene.digest)
        try scene.add(0, to: left, .checked)
        left.note(Self.asked)
        left.startOver()
        try scene.add(1, to: left, .upstream)
        left.leave()
        let spool = try Spool(directory: scene.folder)
        #expect(try spool.create(scene.digest).recovered == nil)
        #expect(try spool.create(scene.digest, from: Self.asked).recovered?.pieces.map(\.piece) == [1])
    }

    @Test("Who goes on with what peers gave to another's reader leaves it as its own")
    func takenOver() throws {
        let scene = try SpoolScene()
        let left = try Spool(directory: scene.folder).create(scene.digest, from: Self.asked)
        try scene.add(0, to: left, .checked)
        left.leave()
        let next = try Spool(directory: scene.folder).create(scene.digest, from: Self.other)
        try scene.add(1, to: next, .upstream)
        next.leave()
        let spool = try Spool(directory: scene.folder)
        #expect(try spool.create(scene.digest, from: Self.asked).recovered == nil)
        #expect(try spool.create(scene.digest, from: Self.other).recovered?.pieces.map(\.piece) == [0, 1])
    }

    @Test("A code of another length is none", arguments: [0, 31, 33])
    func length(_ length: Int) {
        #expect(SpoolOrigin(code: [UInt8](repeating: 1, count: length)) == nil)
    }
}
