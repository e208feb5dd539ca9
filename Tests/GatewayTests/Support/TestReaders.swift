import Content
import Synchronization

/// A blob that is all there, and tells when its reader is closed.
struct WholeReader: BlobReader {
    let file: OpenFile
    let size: Int64
    let closed = Signal<Void>()

    init(_ size: Int) throws {
        file = try patternFile(size)
        self.size = Int64(size)
    }

    func next(at offset: Int64, limit: Int64) async throws -> FileSlice {
        FileSlice(file: file, offset: offset, length: min(limit, size - offset))
    }

    func close() { closed.send(()) }
}

/// A blob whose bytes are let go one step after another, each when the test says so; then it fails, or waits for ever.
final class SteppingReader: BlobReader {
    struct Failure: Error, Equatable {}

    let size: Int64
    let closed = Signal<Void>()
    /// Told whenever the server waits for more.
    let waiting = Signal<Int64>()
    private let file: OpenFile
    private let error: (any Error)?
    private let steps: Mutex<[Int64]>
    private let gate: AsyncStream<Void>
    private let open: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - steps: offsets up to which bytes are let go; the first is open from the start.
    ///   - error: thrown behind the last step; without one the reader waits until it is cancelled.
    init(_ size: Int, steps: [Int64], then error: (any Error)? = nil) throws {
        self.size = Int64(size)
        self.steps = Mutex(steps)
        self.error = error
        file = try patternFile(size)
        (gate, open) = AsyncStream.makeStream()
        open.yield()
    }

    /// Lets the next step go.
    func step() { open.yield() }

    func next(at offset: Int64, limit: Int64) async throws -> FileSlice {
        while true {
            if let end = steps.withLock({ $0.first }) {
                waiting.send(offset)
                var iterator = gate.makeAsyncIterator()
                guard await iterator.next() != nil else { throw CancellationError() }
                steps.withLock { _ = $0.removeFirst() }
                return FileSlice(file: file, offset: offset, length: min(limit, end - offset))
            }
            waiting.send(offset)
            if let error { throw error }
            try await Task.sleep(for: .seconds(3600))
        }
    }

    func close() { closed.send(()) }
}

/// A reader whose first file is shorter than it says, and that has another one.
final class TwoFilesReader: BlobReader {
    let size: Int64
    private let files: [OpenFile]
    private let isFirst = Mutex(true)

    init(_ size: Int, first: Int) throws {
        files = [try patternFile(first), try patternFile(size)]
        self.size = Int64(size)
    }

    func next(at offset: Int64, limit: Int64) async throws -> FileSlice {
        FileSlice(file: files[isFirst.withLock { $0 } ? 0 : 1], offset: offset, length: min(limit, size - offset))
    }

    func unreadable(because reason: String) async -> Bool {
        isFirst.withLock { isFirst in
            defer { isFirst = false }
            return isFirst
        }
    }

    func close() {}
}

/// A reader whose file is shorter than it says.
struct LyingReader: BlobReader {
    let file: OpenFile
    let size: Int64
    let claims: Int64

    init(_ size: Int, claims: Int64) throws {
        file = try patternFile(size)
        self.size = claims
        self.claims = claims
    }

    func next(at offset: Int64, limit: Int64) async throws -> FileSlice {
        FileSlice(file: file, offset: offset, length: min(limit, claims - offset))
    }

    func close() {}
}
