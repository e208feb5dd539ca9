import Archive
import FoundationEssentials
import Glibc
import NIOCore
import OCI
import SystemPackage
import Testing

@testable import Agent

@Suite(.timeLimit(.minutes(1))) struct ArchiveSourceTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func write(_ bytes: [UInt8], to name: String) throws -> FilePath {
        let path = folder.path.appending(name)
        try FileManager.default.createDirectory(
            atPath: path.removingLastComponent().string, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(filePath: path.string))
        return path
    }

    private func bytes(_ source: ArchiveSource) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in source { bytes += chunk.readableBytesView }
        return bytes
    }

    @Test("a file is what it is, and its length is known")
    func file() async throws {
        let content = (0..<700_000).map { UInt8(truncatingIfNeeded: $0) }
        let source = try ArchiveSource(path: write(content, to: "a.tar"))
        #expect(source.length == 700_000)
        #expect(try await bytes(source) == content)
    }

    @Test("the first bytes can be waited for, and are not lost")
    func start() async throws {
        let content = (0..<700_000).map { UInt8(truncatingIfNeeded: $0) }
        var source = try ArchiveSource(path: write(content, to: "a.tar"))
        try await source.waitForStart()
        #expect(try await bytes(source) == content)
        var empty = try ArchiveSource(path: write([], to: "b.tar"))
        try await empty.waitForStart()
        #expect(try await bytes(empty).isEmpty)
    }

    @Test("a pipe is read to its end, as it comes, and its length is not known")
    func pipe() async throws {
        let (reader, writer) = try FileDescriptor.pipe()
        let source = try ArchiveSource(reading: reader.rawValue, name: "standard input")
        #expect(source.length == nil)
        var chunks = source.makeAsyncIterator()
        for part in [[1, 2, 3], [4]] as [[UInt8]] {
            try writer.writeAll(part)
            #expect(try await chunks.next() == ByteBuffer(bytes: part))
        }
        try writer.close()
        #expect(try await chunks.next() == nil)
        // Still the caller's.
        try reader.close()
    }

    @Test("who does not want a silent pipe any more is not kept waiting")
    func cancelled() async throws {
        let (reader, writer) = try FileDescriptor.pipe()
        defer {
            try? reader.close()
            try? writer.close()
        }
        let source = try ArchiveSource(reading: reader.rawValue, name: "standard input")
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await self.bytes(source) }
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
    }

    @Test("a folder in OCI's layout is an archive of it, as long as was told")
    func layout() async throws {
        let sample = try ArchiveSample(layerBytes: 600_000)
        for file in try sample.files(named: "localhost:5050/team/app:v1") {
            _ = try write(file.content, to: "img/\(file.name)")
        }
        // What other programs leave there is not part of it.
        _ = try write([1], to: "img/blobs/sha256/tmp-123")
        _ = try write([1], to: "img/README")
        let source = try ArchiveSource(path: folder.path.appending("img"))
        let bytes = try await bytes(source)
        #expect(source.length == Int64(bytes.count))
        let images = try MemoryImages()
        let contents = try await ImageArchiveReader(sink: images).read(Portions(bytes).next)
        #expect(contents.images.map(\.descriptor.digest) == [sample.descriptor.digest])
        #expect(contents.images.first?.names == [.name("localhost:5050/team/app:v1")])
        #expect(contents.unused.isEmpty)
    }

    private final class Portions {
        private var rest: ArraySlice<UInt8>

        init(_ bytes: [UInt8]) { rest = bytes[...] }

        func next() async throws -> ByteBuffer? {
            guard !rest.isEmpty else { return nil }
            defer { rest = rest.dropFirst(100_000) }
            return ByteBuffer(bytes: rest.prefix(100_000))
        }
    }

    @Test("a folder that is none, and a file that is not there, say what to do")
    func wrong() throws {
        let error = #expect(throws: AdminClientError.self) { try ArchiveSource(path: folder.path) }
        #expect(error?.code == .unreadable)
        #expect(error?.message.contains("no index.json") == true)
        let missing = #expect(throws: AdminClientError.self) {
            try ArchiveSource(path: folder.path.appending("nothing.tar"))
        }
        #expect(missing?.message.contains("nothing.tar cannot be read (No such file or directory)") == true)
    }
}
