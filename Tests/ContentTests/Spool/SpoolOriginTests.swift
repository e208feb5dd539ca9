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

    @Test("What peers gave to who asked one registry is gone on from for who asks it again, and for nobody else")
    func peers() throws {
        let scene = try SpoolScene()
        let left = try Spool(directory: scene.folder).create(scene.digest, from: Self.asked)
        left.note(size: Int64(scene.blob.count), sizeIsUpstreams: false)
        try scene.add(0, to: left, .checked)
        left.leave()
        let spool = try Spool(directory: scene.folder)
        #expect(try spool.create(scene.digest, from: Self.other).recovered == nil)
        #expect(try spool.create(scene.digest, from: Self.asked).recovered?.size == Int64(scene.blob.count))
    }

    @Test("What upstream gave before origins were noted is gone on from by nobody", arguments: [asked, nil])
    func unknown(asker: SpoolOrigin?) throws {
        let scene = try SpoolScene()
        let left = try Spool(directory: scene.folder).create(scene.digest)
        try scene.add(0, to: left, .upstream)
        left.leave()
        #expect(try Spool(directory: scene.folder).create(scene.digest, from: asker).recovered == nil)
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

    @Test("A code of another length is none", arguments: [0, 31, 33])
    func length(_ length: Int) {
        #expect(SpoolOrigin(code: [UInt8](repeating: 1, count: length)) == nil)
    }
}
