import Content
import Glibc
import Integrity
import OCI
import SystemPackage
import Testing

@Suite("Damaged spools")
struct SpoolDamageTests {
    /// Of the journal: its mark, one record, and how many there are before those of pieces: whose it is, and how large.
    private static let mark = 16
    private static let record = 88
    private static let heading = 2

    @Test("A bit that turned in a piece that its sum was noted of takes that piece away, and no other")
    func flippedSum() throws {
        let scene = try SpoolScene()
        try scene.leave(sums: [0, 1, 2])
        try scene.flip(scene.file, at: Int64(SpoolScene.pieceSize + 77))
        #expect(try scene.resume().sound.map(\.piece) == [0, 2])
    }

    @Test("A bit that turned at the front takes that piece away; those behind still link to the state before them")
    func flippedLink() throws {
        let scene = try SpoolScene()
        try scene.leave(states: [0, 1])
        try scene.flip(scene.file, at: 5)
        #expect(try scene.resume().sound.map(\.piece) == [1])
    }

    @Test("A state behind one that nobody noted cannot be checked; where there is a sum, that is")
    func missingLink() throws {
        let scene = try SpoolScene()
        try scene.leave(states: [1])
        #expect(try scene.resume().sound == [])
        try scene.leave(sums: [1], states: [1])
        let sound = try scene.resume().sound
        #expect(sound.map(\.piece) == [1])
        #expect(sound.map(\.state) == [nil])
    }

    @Test("A piece that was noted and whose bytes are gone is not there", arguments: [0, 3, 1 << 20])
    func truncatedData(size: Int64) throws {
        let scene = try SpoolScene()
        try scene.leave(sums: [0, 2], states: [1])
        try scene.truncate(scene.file, to: size)
        #expect(try scene.resume().sound == [])
    }

    @Test("A journal that was torn at any byte counts up to its last whole record")
    func torn() throws {
        let scene = try SpoolScene()
        try scene.leave(sums: [0, 1, 2])
        let (file, journal) = (try scene.file, try scene.journal)
        let (blob, whole) = (try scene.scratch.read(file), try scene.scratch.read(journal))
        #expect(whole.count == Self.mark + (Self.heading + 3) * Self.record)
        for length in [0, 5, Self.mark, Self.mark + 1, Self.mark + Self.record, Self.mark + 2 * Self.record - 1]
            + [2, 3, 4, 5].flatMap({ [Self.mark + $0 * Self.record, Self.mark + $0 * Self.record + 40] })
        {
            try scene.scratch.write(blob, to: file)
            try scene.scratch.write(Array((whole + whole).prefix(length)), to: journal)
            let pieces = max(0, (length - Self.mark) / Self.record - Self.heading)
            let resumed = try scene.resume()
            #expect(resumed.sound.map(\.piece) == Array(0..<min(3, pieces)), "\(length) bytes")
            resumed.file.discard()
            #expect(try scene.names == [], "\(length) bytes")
        }
    }

    @Test("What is noted behind a torn end is read by the next agent")
    func behindTorn() throws {
        let scene = try SpoolScene()
        try scene.leave(sums: [0, 1])
        try scene.truncate(scene.journal, to: scene.size(scene.journal) - 1)
        let second = try scene.resume()
        #expect(second.sound.map(\.piece) == [0])
        try scene.add(2, to: second.file)
        second.file.leave()
        #expect(try scene.resume().sound.map(\.piece) == [0, 2])
    }

    @Test("A bit that turned in the journal ends it there", arguments: 0..<5)
    func flippedJournal(record: Int) throws {
        let scene = try SpoolScene()
        try scene.leave(sums: [0, 1, 2])
        try scene.flip(scene.journal, at: Int64(Self.mark + record * Self.record + record * 20))
        let resumed = try scene.resume()
        #expect(resumed.sound.map(\.piece) == Array(0..<max(0, record - Self.heading)))
        #expect((resumed.file.recovered == nil) == (record <= Self.heading))
    }

    @Test("The journal of another blob says nothing, whatever its name")
    func foreignJournal() throws {
        let scene = try SpoolScene()
        let other = digestOf([1, 2, 3])
        try scene.leave(sums: [0, 1], of: other)
        for path in [try scene.file, try scene.journal] {
            let name = try #require(path.lastComponent).string
            let renamed = scene.folder.appending("sha256-\(scene.digest.hex)\(name.dropFirst("sha256-".count + 64))")
            #expect(rename(path.string, renamed.string) == 0)
        }
        let resumed = try scene.resume()
        #expect(resumed.file.recovered == nil)
        #expect(try scene.names.count == 1)
    }

    @Test("A blob that has another size now keeps its whole pieces; a last piece of another length is none")
    func otherSize() throws {
        let scene = try SpoolScene()
        try scene.leave(sums: [2], states: [0, 1])
        #expect(try scene.resume(size: scene.blob.count - 1).sound.map(\.piece) == [0, 1])
        try scene.leave(sums: [2], states: [0, 1])
        #expect(try scene.resume(size: SpoolScene.pieceSize).sound.map(\.piece) == [0])
        try scene.leave(sums: [2], states: [0, 1])
        #expect(try scene.resume(size: SpoolScene.pieceSize - 64).sound == [])
        try scene.leave(sums: [2], states: [0, 1])
        #expect(try scene.resume(size: 0).sound == [])
    }

    @Test("The size that was noted last counts")
    func lastSize() throws {
        let scene = try SpoolScene()
        let file = try Spool(directory: scene.folder).begin(scene.digest)
        file.note(size: 9, sizeIsUpstreams: false)
        try scene.add(0, to: file)
        file.note(size: Int64(scene.blob.count), sizeIsUpstreams: true)
        file.leave()
        let recovered = try scene.resume().file.recovered
        #expect(recovered?.size == Int64(scene.blob.count))
        #expect(recovered?.sizeIsUpstreams == true)
    }

    @Test("A look at a part of the pieces reads no others, and a cancelled one finds none")
    func partly() throws {
        let scene = try SpoolScene()
        try scene.leave(sums: [2], states: [0, 1])
        let file = try Spool(directory: scene.folder).begin(scene.digest)
        let recovered = try #require(file.recovered)
        let size = Int64(scene.blob.count)
        #expect(recovered.soundPieces(in: file, size: size, among: 1..<3).map(\.piece) == [1, 2])
        #expect(recovered.soundPieces(in: file, size: size, isCancelled: { true }) == [])
    }
}
