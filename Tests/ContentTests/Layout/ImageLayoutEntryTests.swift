import Content
import Glibc
import OCI
import SystemPackage
import Testing

@Suite("How blobs enter an image layout", .timeLimit(.minutes(2)))
struct ImageLayoutEntryTests {
    private let content = bytes(10_000)
    private var digest: Digest { digestOf(content) }

    private func arrived(_ content: [UInt8], in spool: Spool) throws -> SpoolFile {
        let file = try spool.create(digestOf(content))
        try file.write(content)
        return file
    }

    @Test("A committed spool file is the blob's file, under its digest's name")
    func commit() async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        let blob = try await layout.commit(try arrived(content, in: try scratch.spool()), as: digest, size: 10_000)
        #expect(try await blob.collect() == content)
        #expect(try scratch.read(scratch.blobPath(digest)) == content)
        #expect(try scratch.names(in: scratch.path.appending("spool")) == [])
    }

    @Test("Who reads from the spool file goes on reading after the commit")
    func readersStay() async throws {
        let scratch = try Scratch()
        let file = try arrived(content, in: try scratch.spool())
        let reader = file.file
        _ = try await scratch.layout().commit(file, as: digest, size: 10_000)
        let blob = StoredBlob(digest: digest, size: 10_000, file: reader)
        #expect(try await blob.collect() == content)
    }

    @Test("A late writer cannot change a blob that was committed")
    func lateWriter() async throws {
        let scratch = try Scratch()
        let file = try arrived(content, in: try scratch.spool())
        _ = try await scratch.layout().commit(file, as: digest, size: 10_000)
        #expect(throws: ContentError.self) { try file.write([0, 0, 0]) }
        file.discard()
        #expect(try scratch.read(scratch.blobPath(digest)) == content)
    }

    @Test("A blob that is held already drops the spool's copy")
    func heldAlready() async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        let spool = try scratch.spool()
        for _ in 0..<2 {
            let blob = try await layout.commit(try arrived(content, in: spool), as: digest, size: 10_000)
            #expect(try await blob.collect() == content)
        }
        #expect(layout.usage.blobs == 1)
        #expect(layout.usage.bytes == 10_000)
        #expect(try scratch.names(in: scratch.path.appending("spool")) == [])
    }

    @Test("A held blob whose file was damaged is replaced by the one that comes")
    func heldButDamaged() async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        let spool = try scratch.spool()
        _ = try await layout.commit(try arrived(content, in: spool), as: digest, size: 10_000)
        #expect(truncate(scratch.blobPath(digest).string, 5) == 0)
        let blob = try await layout.commit(try arrived(content, in: spool), as: digest, size: 10_000)
        #expect(try await blob.collect() == content)
        #expect(layout.usage.bytes == 10_000)
    }

    @Test("A spool file of another size does not enter, and stays", arguments: [9_999, 10_001, 0, -1] as [Int64])
    func otherSize(_ size: Int64) async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        let file = try arrived(content, in: try scratch.spool())
        let error = await #expect(throws: ContentError.self) { try await layout.commit(file, as: digest, size: size) }
        #expect(error?.code == .sizeMismatch)
        #expect(layout.usage.blobs == 0)
        #expect(try scratch.names(in: scratch.path.appending("spool")).count == 1)
    }

    @Test("A spool file that was discarded does not enter")
    func discarded() async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        let file = try arrived(content, in: try scratch.spool())
        file.discard()
        let error = await #expect(throws: ContentError.self) {
            try await layout.commit(file, as: digest, size: 10_000)
        }
        #expect(error?.code == .notFound)
        #expect(layout.size(of: digest) == nil)
    }

    @Test("Cancelling the task does not stop a commit")
    func cancelled() async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        let file = try arrived(content, in: try scratch.spool())
        let digest = digest
        let committing = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await layout.commit(file, as: digest, size: 10_000).size
        }
        #expect(try await committing.value == 10_000)
    }

    @Test(
        "From another filesystem a blob comes by way of a copy",
        .enabled(if: Surroundings.isRoot && (Surroundings.canMount || Surroundings.isCI), "mounting needs root"))
    func otherFilesystem() async throws {
        let scratch = try Scratch()
        let disk = try SmallDisk(at: scratch.path.appending("disk"), bytes: 4 << 20)
        let spool = try Spool(directory: disk.path.appending("spool"))
        let content = bytes(1_000_000)
        let layout = try scratch.layout()
        let file = try arrived(content, in: spool)
        let blob = try await layout.commit(file, as: digestOf(content), size: 1_000_000)
        #expect(try await blob.collect(limit: 1 << 20) == content)
        #expect(try scratch.read(scratch.blobPath(digestOf(content))) == content)
        #expect(try scratch.names(in: disk.path.appending("spool")) == [])
        #expect(try scratch.names(in: scratch.store.appending("tmp")) == [])
    }

    @Test("Bytes enter only under their own digest", arguments: Digest.Algorithm.allCases)
    func put(_ algorithm: Digest.Algorithm) async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        let right = digestOf(content, algorithm)
        try await layout.put(content, as: right)
        #expect(try scratch.read(scratch.blobPath(right)) == content)
        let wrong = digestOf([1], algorithm)
        let error = await #expect(throws: ContentError.self) { try await layout.put(content, as: wrong) }
        #expect(error?.code == .digestMismatch)
        #expect(layout.blobs() == [BlobInfo(digest: right, size: 10_000)])
        #expect(!scratch.exists(scratch.blobPath(wrong)))
    }

    @Test("A blob whose file has gone behind the store's back is withdrawn when it is opened")
    func fileGone() async throws {
        let scratch = try Scratch()
        let log = LogRecorder()
        let layout = try scratch.layout(log: log)
        try await layout.put(content, as: digest)
        #expect(unlink(scratch.blobPath(digest).string) == 0)
        let changes = layout.changes()
        #expect(try await layout.open(digest) == nil)
        #expect(layout.size(of: digest) == nil)
        #expect(log.warnings.contains { $0.contains("\(digest)") })
        for await change in changes {
            #expect(change == .removed(digest))
            break
        }
    }

    enum Damage: CaseIterable { case shorter, longer, symlink, folder }

    @Test("A blob whose file is not what it was is withdrawn when it is opened", arguments: Damage.allCases)
    func fileChanged(_ damage: Damage) async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        try await layout.put(content, as: digest)
        let path = scratch.blobPath(digest)
        switch damage {
        case .shorter: #expect(truncate(path.string, 9_999) == 0)
        case .longer: #expect(truncate(path.string, 10_001) == 0)
        case .symlink:
            #expect(rename(path.string, scratch.path.appending("elsewhere").string) == 0)
            #expect(symlink(scratch.path.appending("elsewhere").string, path.string) == 0)
        case .folder:
            #expect(unlink(path.string) == 0)
            #expect(mkdir(path.string, 0o700) == 0)
        }
        #expect(try await layout.open(digest) == nil)
        #expect(layout.usage.bytes == 0)
    }

    @Test("Whatever happens at once, what is known is what is on disk")
    func concurrency() async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout(capacity: 40_000)
        let spool = try scratch.spool()
        let contents = (0..<12).map { bytes(5_000, seed: UInt8($0)) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<400 {
                let content = contents[number % contents.count]
                let digest = digestOf(content)
                group.addTask {
                    switch number % 7 {
                    case 0, 1: try await layout.put(content, as: digest)
                    case 2, 3:
                        let file = try spool.create(digest)
                        try file.write(content)
                        _ = try await layout.commit(file, as: digest, size: 5_000)
                    case 4: try layout.remove(digest)
                    case 5: layout.makeRoom(for: 7_000)
                    default:
                        if let blob = try await layout.open(digest) { #expect(try await blob.collect() == content) }
                    }
                }
            }
            try await group.waitForAll()
        }
        let folder = scratch.store.appending("blobs/sha256")
        #expect(try Set(scratch.names(in: folder)) == Set(layout.blobs().map(\.digest.hex)))
        #expect(layout.usage.bytes == Int64(layout.usage.blobs * 5_000))
        #expect(layout.usage.bytes <= 40_000)
        #expect(try scratch.names(in: scratch.path.appending("spool")) == [])
        #expect(try scratch.names(in: scratch.store.appending("tmp")) == [])
    }
}
