import Content
import Glibc
import OCI
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
}
