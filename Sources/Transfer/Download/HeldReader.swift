import Content
import OCI
import Synchronization

/// A held blob whose bytes are counted as they go to the runtime. Where its file cannot be read any more, the rest of it is fetched as that of
/// any other blob, and the reader of the whole does not notice.
final class HeldReader: SourcedReader {
    typealias Fetch = @Sendable (BlobQuestion) async throws -> (any SourcedReader)?

    private struct State {
        var count: Int64 = 0
        /// Of the last bytes that were given.
        var offset: Int64 = 0
        /// What is read instead of the blob.
        var rest: (any SourcedReader)?
        var isClosed = false
    }

    private let blob: any BlobReader
    private let question: BlobQuestion
    private let counters: TransferCounters
    private let fetch: Fetch
    private let state = Mutex(State())

    /// - Parameter fetch: begins to read the blob from elsewhere.
    init(_ blob: any BlobReader, _ question: BlobQuestion, counters: TransferCounters, fetch: @escaping Fetch) {
        self.blob = blob
        self.question = question
        self.counters = counters
        self.fetch = fetch
    }

    var size: Int64 { blob.size }

    var sources: SourceBytes {
        let (count, rest) = state.withLock { ($0.count, $0.rest) }
        var bytes = rest?.sources ?? SourceBytes()
        bytes.store += count
        return bytes
    }

    var record: DownloadRecord? { state.withLock { $0.rest }?.record }

    func next(at offset: Int64, limit: Int64) async throws -> FileSlice {
        if let rest = state.withLock({ $0.rest }) { return try await rest.next(at: offset, limit: limit) }
        let slice: FileSlice
        do {
            slice = try await blob.next(at: offset, limit: limit)
        } catch {
            state.withLock { $0.offset = offset }
            guard error is ContentError, 0..<size ~= offset, try await goOn() else { throw error }
            return try await next(at: offset, limit: limit)
        }
        counters.readFromStore(slice.length)
        state.withLock { state in
            state.offset = offset
            state.count += slice.length
        }
        return slice
    }

    func unreadable(because reason: String) async -> Bool {
        if let rest = state.withLock({ $0.rest }) { return await rest.unreadable(because: reason) }
        _ = await blob.unreadable(because: reason)
        return (try? await goOn()) ?? false
    }

    /// Fetches the blob from the last offset on.
    private func goOn() async throws -> Bool {
        var rest = question
        rest.range = .open(first: state.withLock { $0.offset })
        guard let reader = try await fetch(rest) else { return false }
        guard reader.size == size else {
            reader.close()
            return false
        }
        let isClosed = state.withLock { state in
            state.rest = reader
            return state.isClosed
        }
        if isClosed { reader.close() }
        return true
    }

    func close() {
        blob.close()
        let rest = state.withLock { state in
            state.isClosed = true
            return state.rest
        }
        rest?.close()
    }
}
