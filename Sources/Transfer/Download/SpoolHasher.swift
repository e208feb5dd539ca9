import Content
import Integrity
import NIOCore
import OCI
import Synchronization

/// Hashes a spool file from front to back, reading from the page cache what was written a moment ago.
///
/// Reading back costs a copy, but keeps hashing off the event loops and the same for bytes that came in any order.
final class SpoolHasher: Sendable {
    private let spool: SpoolFile
    private let algorithm: Digest.Algorithm
    private let hasher: Mutex<ContentHasher>

    init(_ spool: SpoolFile, _ algorithm: Digest.Algorithm) {
        self.spool = spool
        self.algorithm = algorithm
        hasher = Mutex(ContentHasher(algorithm))
    }

    /// Adds a range of the file; ranges are given in order. Blocks: call it on a thread pool.
    func update(_ range: Range<Int64>) throws {
        try spool.forEachChunk(in: range) { chunk in
            hasher.withLock { $0.update(chunk) }
        }
    }

    /// The digest of all that was added; the hasher begins anew.
    func finish() -> Digest {
        hasher.withLock { hasher in
            let finished = consume hasher
            hasher = ContentHasher(algorithm)
            return finished.finish()
        }
    }
}

extension SpoolFile {
    /// Reads a range that has been written, a mebibyte at a time.
    func forEachChunk(in range: Range<Int64>, _ body: (UnsafeRawBufferPointer) -> Void) throws {
        guard !range.isEmpty else { return }
        try withUnsafeTemporaryAllocation(byteCount: min(1 << 20, range.count), alignment: 64) { buffer in
            var position = range.lowerBound
            while position < range.upperBound {
                let length = min(buffer.count, Int(range.upperBound - position))
                let count = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<length]), at: position)
                guard count > 0 else {
                    throw FetchError(
                        .damaged, "the spool file ends at \(position), before bytes that were written to it")
                }
                body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                position += Int64(count)
            }
        }
    }

    /// Writes those parts (ranges of the blob) of a chunk that begins at `position` of the blob.
    func write(_ chunk: ByteBuffer, at position: Int64, parts: [Range<Int64>]) throws {
        try chunk.withUnsafeReadableBytes { bytes in
            for part in parts {
                let range = Int(part.lowerBound - position)..<Int(part.upperBound - position)
                try write(UnsafeRawBufferPointer(rebasing: bytes[range]), at: part.lowerBound)
            }
        }
    }
}
