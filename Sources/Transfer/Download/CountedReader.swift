import Content

/// A stored blob whose bytes are counted as they go to the runtime.
struct CountedReader: BlobReader {
    private let blob: StoredBlob
    private let counters: TransferCounters

    init(_ blob: StoredBlob, counters: TransferCounters) {
        self.blob = blob
        self.counters = counters
    }

    var size: Int64 { blob.size }

    func next(at offset: Int64, limit: Int64) async throws -> FileSlice {
        let slice = try await blob.next(at: offset, limit: limit)
        counters.readFromStore(slice.length)
        return slice
    }

    func close() { blob.close() }
}
