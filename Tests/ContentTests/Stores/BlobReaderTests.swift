import Content
import Glibc
import OCI
import Synchronization
import SystemPackage
import Testing

@Suite("Readers of blobs")
struct BlobReaderTests {
    @Test("A small blob can be read whole", arguments: [0, 1, 3000])
    func readAll(_ size: Int) async throws {
        let scratch = try Scratch()
        let path = scratch.path.appending("blob")
        try scratch.write(bytes(size), to: path)
        let blob = StoredBlob(
            digest: digestOf(bytes(size)), size: Int64(size), file: try OpenFile.open(path: path))
        #expect(try await blob.readAll(limit: 3000) == bytes(size))
    }

    @Test("A blob above the limit is not read")
    func tooLarge() async throws {
        let reader = SteppedReader(content: bytes(101), step: 10)
        await #expect(throws: ContentError.self) { try await reader.readAll(limit: 100) }
        #expect(reader.slices.isEmpty)
    }

    @Test("A reader that gives less than was asked for is asked again")
    func stepped() async throws {
        let reader = SteppedReader(content: bytes(95), step: 10)
        #expect(try await reader.readAll(limit: 95) == bytes(95))
        #expect(reader.slices == Array(stride(from: 0, to: 95, by: 10)))
    }

    @Test("Reading a file whole that has fewer bytes fails instead of making some up")
    func cutShort() async throws {
        let scratch = try Scratch()
        let path = scratch.path.appending("blob")
        try scratch.write(bytes(100), to: path)
        let blob = StoredBlob(digest: digestOf(bytes(100)), size: 100, file: try OpenFile.open(path: path))
        #expect(truncate(path.string, 60) == 0)
        await #expect(throws: ContentError.self) { try await blob.readAll(limit: 100) }
    }

    /// Gives the first bytes from a file that ends too soon, until it is told so.
    private final class Damaged: BlobReader {
        let size: Int64 = 100
        let told = Mutex<[String]>([])
        private let short: OpenFile
        private let whole: OpenFile?

        /// - Parameter whole: nil: there is nowhere else.
        init(_ short: OpenFile, _ whole: OpenFile?) {
            (self.short, self.whole) = (short, whole)
        }

        func next(at offset: Int64, limit: Int64) async throws -> FileSlice {
            let isTold = told.withLock { !$0.isEmpty }
            return FileSlice(file: isTold ? whole ?? short : short, offset: offset, length: min(limit, 40))
        }

        func unreadable(because reason: String) async -> Bool {
            told.withLock { $0.append(reason) }
            return whole != nil
        }

        func close() {}
    }

    @Test("What cannot be read is told, and read on from elsewhere where there is any", arguments: [true, false])
    func elsewhere(_ isElsewhere: Bool) async throws {
        let scratch = try Scratch()
        let (short, whole) = (scratch.path.appending("short"), scratch.path.appending("whole"))
        try scratch.write(Array(bytes(100)[..<60]), to: short)
        try scratch.write(bytes(100), to: whole)
        let reader = Damaged(
            try OpenFile.open(path: short), isElsewhere ? try OpenFile.open(path: whole) : nil)
        if isElsewhere {
            let all = try await reader.readAll(limit: 100)
            #expect(all == bytes(100))
        } else {
            await #expect(throws: ContentError.self) { try await reader.readAll(limit: 100) }
        }
        #expect(reader.told.withLock { $0.count } == 1)
    }
}
