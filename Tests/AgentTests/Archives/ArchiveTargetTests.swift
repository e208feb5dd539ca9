import FoundationEssentials
import Glibc
import NIOCore
import SystemPackage
import Testing

@testable import Agent

@Suite(.timeLimit(.minutes(1))) struct ArchiveTargetTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path.string).sorted() }
    }

    private func content(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: folder.path.appending(name).string)))
    }

    @Test("a file gets its name when it is whole, and replaces the one that was there")
    func whole() async throws {
        let path = folder.path.appending("app.tar")
        try Data([9]).write(to: URL(filePath: path.string))
        let target = try ArchiveTarget(path: path)
        try await target.write(ByteBuffer(bytes: [1, 2]))
        #expect(try names == ["app.tar", "app.tar.partial"])
        #expect(try content("app.tar") == [9])
        try await target.write(ByteBuffer(bytes: [3]))
        try await target.finish()
        #expect(try names == ["app.tar"])
        #expect(try content("app.tar") == [1, 2, 3])
    }

    @Test("of one that is given up nothing stays, and the one that was there does")
    func abandoned() async throws {
        let path = folder.path.appending("app.tar")
        try Data([9]).write(to: URL(filePath: path.string))
        let target = try ArchiveTarget(path: path)
        try await target.write(ByteBuffer(bytes: [1]))
        target.abandon()
        #expect(try names == ["app.tar"])
        #expect(try content("app.tar") == [9])
    }

    @Test("a link that somebody has put where the partial file goes is not followed")
    func planted() async throws {
        let victim = folder.path.appending("victim")
        try Data([9]).write(to: URL(filePath: victim.string))
        #expect(symlink(victim.string, folder.path.appending("app.tar.partial").string) == 0)
        let target = try ArchiveTarget(path: folder.path.appending("app.tar"))
        try await target.write(ByteBuffer(bytes: [1]))
        try await target.finish()
        #expect(try content("victim") == [9])
        #expect(try content("app.tar") == [1])
    }

    @Test("what is no file is written to and never replaced")
    func device() async throws {
        let fifo = folder.path.appending("fifo")
        #expect(mkfifo(fifo.string, 0o600) == 0)
        // Without a reader a FIFO cannot be opened for writing.
        let reader = try FileDescriptor.open(fifo, .readWrite)
        defer { try? reader.close() }
        let target = try ArchiveTarget(path: fifo)
        try await target.write(ByteBuffer(bytes: [1, 2, 3]))
        try await target.finish()
        target.abandon()
        #expect(try names == ["fifo"])
        var bytes = [UInt8](repeating: 0, count: 3)
        #expect(try bytes.withUnsafeMutableBytes { try reader.read(into: $0) } == 3)
        #expect(bytes == [1, 2, 3])
    }

    @Test("a folder, and a file where there is none, say what to do")
    func wrong() throws {
        let error = #expect(throws: AdminClientError.self) { try ArchiveTarget(path: folder.path) }
        #expect(error?.message.contains("is a folder") == true)
        let missing = #expect(throws: AdminClientError.self) {
            try ArchiveTarget(path: folder.path.appending("no/app.tar"))
        }
        #expect(missing?.message.contains("make its folder first") == true)
        #expect(missing?.code == .unwritable)
    }

    @Test("a pipe that nobody reads any more is an error")
    func broken() async throws {
        // NIO ignores the signal; so must whoever writes without it.
        signal(SIGPIPE, SIG_IGN)
        let (reader, writer) = try FileDescriptor.pipe()
        let target = try ArchiveTarget(writing: writer.rawValue, name: "standard output")
        try reader.close()
        await #expect(throws: AdminClientError.self) { try await target.write(ByteBuffer(bytes: [1])) }
        try writer.close()
    }
}
