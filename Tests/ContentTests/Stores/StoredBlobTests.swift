import Content
import Glibc
import OCI
import SystemPackage
import Testing

@Suite("Stored blobs")
struct StoredBlobTests {
    private func stored(_ content: [UInt8], in scratch: Scratch) throws -> (blob: StoredBlob, path: FilePath) {
        let path = scratch.path.appending("blob")
        try scratch.write(content, to: path)
        let file = try OpenFile.open(path: path)
        return (StoredBlob(digest: digestOf(content), size: Int64(content.count), file: file), path)
    }

    @Test(
        "A region is as long as was asked for, or as there is",
        arguments: [(0, 10, 10), (0, 100, 100), (0, 101, 100), (90, 100, 10), (99, 1, 1), (50, .max, 50)]
            as [(Int64, Int64, Int64)])
    func regions(_ offset: Int64, _ limit: Int64, _ length: Int64) async throws {
        let scratch = try Scratch()
        let blob = try stored(bytes(100), in: scratch).blob
        let slice = try await blob.next(at: offset, limit: limit)
        #expect(slice.offset == offset)
        #expect(slice.length == length)
    }

    @Test("A file that is cut short behind the store's back gives no region past its end")
    func cutShort() async throws {
        let scratch = try Scratch()
        let (blob, path) = try stored(bytes(100), in: scratch)
        #expect(truncate(path.string, 60) == 0)
        let error = try #require(await #expect(throws: ContentError.self) { try await blob.next(at: 0, limit: 10) })
        #expect(error.code == .io)
        #expect(error.message.contains("shoal verify"))
    }
}
