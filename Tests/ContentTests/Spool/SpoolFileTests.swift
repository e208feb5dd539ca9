import Content
import Glibc
import OCI
import SystemPackage
import Testing

@Suite("Spool files")
struct SpoolFileTests {
    @Test("Bytes written at any place in any order are read back")
    func anyOrder() throws {
        let scratch = try Scratch()
        let file = try scratch.spool().create(digestOf([]))
        let content = bytes(10_000)
        for start in stride(from: 9_000, through: 0, by: -1_000) {
            try file.write(Array(content[start..<start + 1_000]), at: Int64(start))
        }
        var buffer = [UInt8](repeating: 0, count: 10_001)
        #expect(try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: 0) } == 10_000)
        #expect(buffer.prefix(10_000).elementsEqual(content))
    }

    @Test("A file that is longer than its blob is cut and committed, though the task has been cancelled")
    func cut() async throws {
        let scratch = try Scratch()
        let content = bytes(1_000)
        let file = try scratch.spool().create(digestOf(content))
        try file.write(content + bytes(500), at: 0)
        try await file.seal(to: 2_000)
        #expect(try file.file.size() == 1_500)
        let layout = try scratch.layout()
        let committing = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await file.seal(to: 1_000)
            return try await layout.commit(file, as: digestOf(content), size: 1_000)
        }
        let stored = try await committing.value
        #expect(try await stored.collect(limit: 1 << 20) == content)
    }

    @Test("Many may write at once")
    func concurrently() async throws {
        let scratch = try Scratch()
        let file = try scratch.spool().create(digestOf([]))
        let content = bytes(64 * 1024)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for start in stride(from: 0, to: content.count, by: 1024) {
                group.addTask { try file.write(Array(content[start..<start + 1024]), at: Int64(start)) }
            }
            try await group.waitForAll()
        }
        let blob = StoredBlob(digest: digestOf(content), size: Int64(content.count), file: file.file)
        #expect(try await blob.collect(limit: 1 << 20) == content)
    }

    @Test("Writing nothing changes nothing")
    func nothing() throws {
        let scratch = try Scratch()
        let file = try scratch.spool().create(digestOf([]))
        try file.write([], at: 100)
        #expect(try file.file.size() == 0)
    }

    @Test("A place that the filesystem cannot have is an error that says why", arguments: [1 << 62, -1] as [Int64])
    func impossiblePlace(_ offset: Int64) throws {
        let scratch = try Scratch()
        let file = try scratch.spool().create(digestOf([]))
        let error = #expect(throws: ContentError.self) { try file.write([1], at: offset) }
        #expect(error?.code == .io)
        #expect(error?.message.contains("spool/sha256-") == true)
        #expect(error?.cause is Errno)
    }

    @Test("Discarding removes the file and leaves readers their bytes; twice does no harm")
    func discarding() throws {
        let scratch = try Scratch()
        let file = try scratch.spool().create(digestOf([]))
        try file.write([1, 2, 3])
        file.discard()
        file.discard()
        #expect(try scratch.names(in: scratch.path.appending("spool")) == [])
        var buffer: [UInt8] = [0, 0, 0]
        #expect(try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: 0) } == 3)
        #expect(buffer == [1, 2, 3])
    }

    @Test("A file that nobody refers to any more is gone, and readers of it can go on")
    func forgotten() throws {
        let scratch = try Scratch()
        var file: SpoolFile? = try scratch.spool().create(digestOf([]))
        try file?.write([1, 2, 3])
        let open = try #require(file).file
        file = nil
        #expect(try scratch.names(in: scratch.path.appending("spool")) == [])
        #expect(try open.size() == 3)
    }

    @Test("A sealed file takes no more bytes")
    func sealed() throws {
        let scratch = try Scratch()
        let file = try scratch.spool().create(digestOf([]))
        try file.write([1, 2, 3])
        file.seal()
        #expect(throws: ContentError.self) { try file.write([9], at: 0) }
        var buffer: [UInt8] = [0]
        #expect(try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: 0) } == 1)
        #expect(buffer == [1])
    }
}
