import Synchronization

/// How many bytes the files of a spool take together, and whether there may be more.
///
/// Counted, not asked of the disk: how soon a filesystem tells what a file takes is its own affair.
final class SpoolSpace: Sendable {
    /// What one file takes: as many bytes as were written to it, but no more than it is long, for some are written twice.
    struct Share: Equatable {
        private var written: Int64 = 0
        private var end: Int64 = 0

        var bytes: Int64 { min(written, end) }

        /// A file that was there already.
        mutating func adopt(_ bytes: Int64, size: Int64) {
            written = min(bytes, size)
            end = size
        }

        /// - Returns: by how much that makes the file larger.
        mutating func write(_ count: Int64, at offset: Int64) -> Int64 {
            let before = bytes
            written += count
            end = max(end, offset + count)
            return bytes - before
        }
    }

    private let limit: Int64
    private let used = Mutex<Int64>(0)

    /// - Parameter limit: nil: there is none.
    init(limit: Int64?) {
        self.limit = limit ?? .max
    }

    /// Whether there is more than there may be.
    var isExceeded: Bool { used.withLock { $0 > limit } }

    /// Takes so much more, if there is so much.
    func take(_ bytes: Int64) -> Bool {
        used.withLock { used in
            guard bytes <= limit - used else { return bytes <= 0 }
            used += bytes
            return true
        }
    }

    /// Counts what is there already.
    func add(_ bytes: Int64) { used.withLock { $0 += bytes } }

    /// Gives back what is there no longer.
    func give(_ bytes: Int64) { used.withLock { $0 -= bytes } }
}
