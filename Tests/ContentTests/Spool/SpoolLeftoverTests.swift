import Content
import Glibc
import OCI
import SystemPackage
import Testing

@Suite("What stays in the spool's folder")
struct SpoolLeftoverTests {
    /// Files of a few bytes, each with a piece noted.
    private static func leave(_ count: Int, in spool: Spool, _ scene: SpoolScene) throws -> [Digest] {
        try (0..<count).map { number in
            let digest = digestOf([UInt8(number), 7])
            let file = try spool.begin(digest)
            try file.write(bytes(5000))
            file.note(SpooledPiece(piece: 0, kind: .upstream, sum: try scene.sum(of: 2)))
            file.leave()
            return digest
        }
    }

    private static func path(_ digest: Digest, in scene: SpoolScene) throws -> FilePath {
        let name = try #require(
            try scene.names.first { $0.hasPrefix("sha256-\(digest.hex)") && $0.hasSuffix(".spool") })
        return scene.folder.appending(name)
    }

    @Test("Sixty-four stay, the youngest")
    func count() throws {
        let scene = try SpoolScene()
        let spool = try Spool(directory: scene.folder)
        let digests = try Self.leave(64, in: spool, scene)
        try SpoolScene.age(Self.path(digests[40], in: scene), hours: 2)
        // The order of those that are there comes from their times.
        let next = try Spool(directory: scene.folder)
        #expect(try scene.names.count == 128)
        let file = try next.begin(scene.digest)
        try scene.add(0, to: file)
        file.leave()
        #expect(try scene.names.count == 128)
        #expect(try next.begin(digests[40]).recovered == nil)
    }

    @Test("What was written last more than a day ago goes at the start")
    func age() throws {
        let scene = try SpoolScene()
        let digests = try Self.leave(2, in: Spool(directory: scene.folder), scene)
        try SpoolScene.age(Self.path(digests[0], in: scene), hours: 25)
        try SpoolScene.age(Self.path(digests[1], in: scene), hours: 23)
        let spool = try Spool(directory: scene.folder)
        #expect(try scene.names.count == 2)
        #expect(try spool.begin(digests[1]).recovered != nil)
    }

    @Test("What nobody wanted goes while the agent runs; what somebody goes on with stays")
    func expiry() throws {
        let scene = try SpoolScene()
        let digests = try Self.leave(3, in: Spool(directory: scene.folder), scene)
        for (digest, hours) in zip(digests, [20, 15, 10]) {
            try SpoolScene.age(Self.path(digest, in: scene), hours: hours)
        }
        let spool = try Spool(directory: scene.folder)
        let wanted = try spool.begin(digests[0])
        spool.dropLeftovers(olderThan: .seconds(12 * 3600))
        #expect(wanted.recovered != nil)
        #expect(try scene.names.count == 4)
        #expect(try spool.begin(digests[1]).recovered == nil)
        #expect(try spool.begin(digests[2]).recovered != nil)
        withExtendedLifetime(wanted) {}
    }

    @Test("A disk that needs space gets the oldest first, and no more than it needs")
    func makingRoom() throws {
        let scene = try SpoolScene()
        let digests = try Self.leave(3, in: Spool(directory: scene.folder), scene)
        for (digest, hours) in zip(digests, [1, 3, 2]) {
            try SpoolScene.age(Self.path(digest, in: scene), hours: hours)
        }
        let spool = try Spool(directory: scene.folder)
        #expect(spool.makeRoom(for: 1) >= 5000)
        #expect(try spool.begin(digests[1]).recovered == nil)
        #expect(spool.makeRoom(for: 1 << 40) >= 10_000)
        #expect(spool.makeRoom(for: 1) == 0)
        #expect(try scene.names == [])
    }

    @Test("They take half of the free space at most", .enabled(if: Surroundings.canMount || Surroundings.isCI))
    func halfOfTheDisk() throws {
        let scene = try SpoolScene()
        // The second lets 12 MiB and 24 MiB be: half of what is free then is less.
        let disk = try SmallDisk(at: scene.folder, bytes: 40 << 20)
        let spool = try Spool(directory: scene.folder)
        let digests = try (0..<2).map { number in
            let digest = digestOf([UInt8(number)])
            let file = try spool.begin(digest)
            for piece in 0..<3 { try file.write(scene.bytes(of: 0), at: Int64(piece * SpoolScene.pieceSize)) }
            file.note(SpooledPiece(piece: 0, kind: .upstream, sum: try scene.sum(of: 0)))
            file.leave()
            return digest
        }
        // 40 MiB less 12: the first may stay. Less 24: 16 are free, and neither is less than half of them.
        #expect(try scene.names == [])
        #expect(try spool.begin(digests[0]).recovered == nil)
        withExtendedLifetime(disk) {}
    }

    @Test("Two agents on one folder: what the one writes the other leaves alone, what is free one of them gets")
    func twoAgents() throws {
        let scene = try SpoolScene()
        try scene.leave(sums: [0])
        let (one, two) = (try Spool(directory: scene.folder), try Spool(directory: scene.folder))
        let mine = try one.begin(scene.digest)
        let theirs = try two.begin(scene.digest)
        #expect(mine.recovered != nil)
        #expect(theirs.recovered == nil)
        try scene.add(1, to: mine)
        // A third one starts; the first's file and journal, and the second's file stay.
        let three = try Spool(directory: scene.folder)
        #expect(try scene.names.count == 3)
        three.dropLeftovers(olderThan: .zero)
        #expect(three.makeRoom(for: 1 << 40) == 0)
        #expect(try scene.names.count == 3)
        mine.leave()
        #expect(try three.begin(scene.digest).recovered == nil, "left after the third had looked")
        let four = try Spool(directory: scene.folder).begin(scene.digest)
        #expect(four.recovered?.pieces.map(\.piece) == [0, 1])
        withExtendedLifetime((theirs, four)) {}
    }

    @Test("What one agent removed, or took into its store, another does not go on with")
    func removedByAnother() async throws {
        let scene = try SpoolScene()
        try scene.leave(sums: [0, 1, 2])
        let (one, two, three) = (
            try Spool(directory: scene.folder), try Spool(directory: scene.folder), try Spool(directory: scene.folder)
        )
        let file = try one.begin(scene.digest)
        _ = try await scene.scratch.layout().commit(file, as: scene.digest, size: Int64(scene.blob.count))
        #expect(try two.begin(scene.digest).recovered == nil)
        #expect(three.makeRoom(for: 1) == 0)
    }

    @Test("A journal without its file goes; others' files stay")
    func orphans() throws {
        let scene = try SpoolScene()
        _ = try Spool(directory: scene.folder)
        let hex = scene.digest.hex
        let others = ["letter.pieces", "sha256-\(hex).01.spool.pieces", "sha256-\(hex).1.spool.pieces.old"]
        for name in others + ["sha256-\(hex).1.spool.pieces"] {
            try scene.scratch.write([1], to: scene.folder.appending(name))
        }
        _ = try Spool(directory: scene.folder)
        #expect(try Set(scene.names) == Set(others))
    }

    @Test("A file or journal that others may write is not gone on with", arguments: ["spool", "pieces"])
    func writable(ending: String) throws {
        let scene = try SpoolScene()
        try scene.leave(sums: [0])
        #expect(chmod((ending == "spool" ? try scene.file : try scene.journal).string, 0o666) == 0)
        #expect(try scene.resume().file.recovered == nil)
    }

    @Test(
        "A file or journal of another user is not gone on with", .enabled(if: Surroundings.isRoot),
        arguments: ["spool", "pieces"])
    func foreign(ending: String) throws {
        let scene = try SpoolScene()
        try scene.leave(sums: [0])
        #expect(chown((ending == "spool" ? try scene.file : try scene.journal).string, 12345, 12345) == 0)
        #expect(try scene.resume().file.recovered == nil)
    }

    @Test("A link in the journal's place is not followed, and what it points to not touched")
    func link() throws {
        let scene = try SpoolScene()
        try scene.leave(sums: [0])
        let (journal, target) = (try scene.journal, scene.scratch.path.appending("target"))
        #expect(rename(journal.string, target.string) == 0)
        #expect(symlink(target.string, journal.string) == 0)
        let before = try scene.size(target)
        #expect(try scene.resume().file.recovered == nil)
        #expect(try scene.size(target) == before)
    }
}
