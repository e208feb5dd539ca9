import Content
import Glibc
import Integrity
import OCI
import SystemPackage
import Testing

@Suite("Resuming from the spool")
struct SpoolResumeTests {
    @Test("What was left is gone on from by the next agent: size, pieces, and how they can be checked")
    func leftAndResumed() throws {
        let scene = try SpoolScene()
        try scene.leave(sums: [2], states: [0, 1])
        let (file, sound) = try scene.resume()
        #expect(file.recovered?.size == Int64(scene.blob.count))
        #expect(file.recovered?.sizeIsUpstreams == true)
        #expect(sound.map(\.piece) == [0, 1, 2])
        #expect(sound.map(\.kind) == [.upstream, .upstream, .checked])
        #expect(sound.map(\.state) == [scene.chain.states[0], scene.chain.states[1], nil])
        #expect(try sound.last?.sum == scene.sum(of: 2))
        var buffer = [UInt8](repeating: 0, count: scene.blob.count)
        #expect(try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: 0) } == scene.blob.count)
        #expect(buffer == scene.blob)
    }

    @Test("An agent that was killed leaves what it had noted")
    func killed() throws {
        let scene = try SpoolScene()
        let copy = try SpoolScene()
        let spool = try Spool(directory: scene.folder)
        let file = try spool.begin(scene.digest)
        try scene.add(1, to: file)
        // The folder as a kill would have left it; the locks of this process are not on the copies.
        _ = try Spool(directory: copy.folder)
        for path in [try scene.file, try scene.journal] {
            try copy.scratch.write(scene.scratch.read(path), to: copy.folder.appending(path.lastComponent!.string))
            #expect(chmod(copy.folder.appending(path.lastComponent!.string).string, 0o600) == 0)
        }
        #expect(try copy.resume().sound.map(\.piece) == [1])
        withExtendedLifetime(file) {}
    }

    @Test("A resumed file's journal goes on: a third agent finds the pieces of both")
    func goesOn() throws {
        let scene = try SpoolScene()
        try scene.leave(sums: [0])
        let second = try scene.resume().file
        try scene.add(2, to: second, .upstream)
        second.leave()
        let (third, sound) = try scene.resume()
        #expect(sound.map(\.piece) == [0, 2])
        #expect(third.recovered?.size == Int64(scene.blob.count))
        #expect(try scene.names.count == 2)
    }

    @Test("A download of the same agent goes on as well")
    func sameAgent() throws {
        let scene = try SpoolScene()
        let spool = try Spool(directory: scene.folder)
        let first = try spool.begin(scene.digest)
        try scene.add(0, to: first)
        first.leave()
        let second = try spool.begin(scene.digest)
        #expect(second.recovered?.pieces.map(\.piece) == [0])
        // The first is a reader of the same file, and may not write any more.
        #expect(throws: ContentError.self) { try first.write([1], at: 0) }
        first.discard()
        #expect(try scene.names.count == 2)
    }

    @Test("What was left is gone on from once; another download of the blob begins anew")
    func once() throws {
        let scene = try SpoolScene()
        try scene.leave(sums: [0])
        let spool = try Spool(directory: scene.folder)
        let files = try [spool.begin(scene.digest), spool.begin(scene.digest)]
        #expect(files.map { $0.recovered != nil } == [true, false])
    }

    @Test("A file that was left without a note, or whose notes were forgotten, is gone", arguments: [false, true])
    func nothingNoted(isForgotten: Bool) throws {
        let scene = try SpoolScene()
        let file = try Spool(directory: scene.folder).begin(scene.digest)
        file.note(size: 3, sizeIsUpstreams: true)
        if isForgotten {
            try scene.add(0, to: file)
            file.startOver()
        } else {
            try file.write([1, 2, 3])
        }
        file.leave()
        #expect(try scene.names == [])
    }

    @Test("After starting over only what was noted since is left")
    func startingOver() throws {
        let scene = try SpoolScene()
        let file = try Spool(directory: scene.folder).begin(scene.digest)
        file.note(size: 1, sizeIsUpstreams: false)
        try scene.add(0, to: file)
        file.startOver()
        try scene.add(1, to: file)
        file.leave()
        let recovered = try scene.resume().file.recovered
        #expect(recovered?.pieces.map(\.piece) == [1])
        #expect(recovered?.size == nil)
    }

    @Test("A piece's sum and state are both kept; a later sum is of other bytes, and ends the state")
    func sumAndState() throws {
        let scene = try SpoolScene()
        let file = try Spool(directory: scene.folder).begin(scene.digest)
        for piece in [0, 1] {
            try scene.add(piece, to: file)
            try scene.addLink(piece, to: file)
        }
        try scene.add(1, to: file)
        file.leave()
        let pieces = try scene.resume().sound
        #expect(try pieces.map(\.sum) == [scene.sum(of: 0), scene.sum(of: 1)])
        #expect(pieces.map(\.state) == [scene.chain.states[0], nil])
    }

    @Test("Nothing is noted after the file was sealed")
    func sealed() throws {
        let scene = try SpoolScene()
        let file = try Spool(directory: scene.folder).begin(scene.digest)
        try scene.add(0, to: file)
        file.seal()
        file.note(SpooledPiece(piece: 1, kind: .upstream, sum: try scene.sum(of: 1)))
        file.leave()
        #expect(try scene.resume().file.recovered?.pieces.map(\.piece) == [0])
    }

    @Test("What nobody could check, or nobody could read back, is not noted")
    func senseless() throws {
        let scene = try SpoolScene()
        let file = try Spool(directory: scene.folder).begin(scene.digest)
        file.note(SpooledPiece(piece: 0, kind: .checked))
        file.note(SpooledPiece(piece: -1, kind: .checked, sum: try scene.sum(of: 0)))
        file.note(SpooledPiece(piece: .max, kind: .checked, sum: try scene.sum(of: 0)))
        file.note(size: -1, sizeIsUpstreams: true)
        #expect(try scene.names.count == 1)
        try scene.add(1, to: file)
        file.leave()
        #expect(try scene.resume().sound.map(\.piece) == [1])
    }

    @Test("A small blob has no journal: there is none before the first piece is noted")
    func noJournal() throws {
        let scene = try SpoolScene()
        let file = try Spool(directory: scene.folder).begin(scene.digest)
        file.note(size: 3, sizeIsUpstreams: true)
        try file.write([1, 2, 3])
        #expect(try scene.names.count == 1)
    }

    @Test("Discarding removes the journal, too")
    func discarded() throws {
        let scene = try SpoolScene()
        let file = try Spool(directory: scene.folder).begin(scene.digest)
        try scene.add(0, to: file)
        #expect(try scene.names.count == 2)
        file.discard()
        #expect(try scene.names == [])
        file.note(SpooledPiece(piece: 1, kind: .upstream, sum: try scene.sum(of: 1)))
        file.leave()
        #expect(try scene.names == [])
    }

    @Test("A blob that a store has taken in leaves no journal", arguments: [false, true])
    func committed(isResumed: Bool) async throws {
        let scene = try SpoolScene()
        if isResumed { try scene.leave(sums: [0, 1, 2]) }
        let file = try scene.resume().file
        if !isResumed { for piece in 0...2 { try scene.add(piece, to: file) } }
        let layout = try scene.scratch.layout()
        let stored = try await layout.commit(file, as: scene.digest, size: Int64(scene.blob.count))
        #expect(try await stored.collect(limit: 4 << 20) == scene.blob)
        #expect(try scene.names == [])
    }
}
