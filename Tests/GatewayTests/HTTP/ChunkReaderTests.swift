import Content
import NIOCore
import NIOPosix
import Testing

@testable import Gateway

@Suite("Chunks of a file")
struct ChunkReaderTests {
    private static let size = Int(ChunkReader.size)

    @Test("A slice is read as it stands in the file", arguments: [0..<1, 1000..<5000, 0..<size, 7..<size + 7])
    func bytes(range: Range<Int>) async throws {
        let file = try patternFile(2 * Self.size)
        let chunk = try await ChunkReader(pool: .singleton).read(
            FileSlice(file: file, offset: Int64(range.lowerBound), length: Int64(range.count)))
        #expect(Array(chunk.readableBytesView) == pattern(range))
    }

    @Test("A file that ends before its slice does is an error, and the next slice is read")
    func tooShort() async throws {
        let file = try patternFile(1000)
        let reader = ChunkReader(pool: .singleton)
        let error = await #expect(throws: RegionUnreadable.self) {
            try await reader.read(FileSlice(file: file, offset: 900, length: 200))
        }
        #expect(error?.offset == 1000)
        #expect(try await reader.read(FileSlice(file: file, offset: 0, length: 10)).readableBytes == 10)
    }

    @Test("However long the blob, its chunks take turns in two buffers")
    func memory() throws {
        let file = try patternFile(20 * Self.size)
        let reader = ChunkReader(pool: .singleton)
        var places: Set<UnsafeRawPointer> = []
        // As on a connection: one is being encrypted while the next is read.
        var last = ByteBuffer()
        for index in 0..<20 {
            let slice = FileSlice(file: file, offset: Int64(index * Self.size), length: Int64(Self.size))
            last = try reader.fill(slice)
            if let place = last.withUnsafeReadableBytes({ $0.baseAddress }) { places.insert(place) }
        }
        #expect(places.count == 2)
    }

    @Test("A chunk that somebody still holds is never overwritten")
    func held() throws {
        let file = try patternFile(8 * Self.size)
        let reader = ChunkReader(pool: .singleton)
        let chunks = try (0..<8).map { index in
            try reader.fill(
                FileSlice(file: file, offset: Int64(index * Self.size), length: Int64(Self.size)))
        }
        for (index, chunk) in chunks.enumerated() {
            #expect(Array(chunk.readableBytesView) == pattern(index * Self.size..<(index + 1) * Self.size))
        }
    }
}
