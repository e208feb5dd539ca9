import Content
import Synchronization

/// A held blob whose bytes are counted as they go to the runtime.
final class CountedReader: SourcedReader {
    private let blob: any BlobReader
    private let counters: TransferCounters
    private let count = Atomic<Int64>(0)

    init(_ blob: any BlobReader, counters: TransferCounters) {
        self.blob = blob
        self.counters = counters
    }

    var size: Int64 { blob.size }

    var sources: SourceBytes {
        var bytes = SourceBytes()
        bytes.store = count.load(ordering: .relaxed)
        return bytes
    }

    var record: DownloadRecord? { nil }

    func next(at offset: Int64, limit: Int64) async throws -> FileSlice {
        let slice = try await blob.next(at: offset, limit: limit)
        counters.readFromStore(slice.length)
        count.wrappingAdd(slice.length, ordering: .relaxed)
        return slice
    }

    func close() { blob.close() }
}
