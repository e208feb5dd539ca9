import Integrity
import Synchronization

/// A blob that is being read again, region by region.
final class OpenedProof: Sendable {
    private struct Files {
        /// The file that was read last.
        var last: OpenFile?
        /// Whether the first of them was on the disk only. Asked once: our own reading ahead brings it into memory.
        var isCold: Bool?
    }

    private let reading: ProofReading
    private let threads: ProvingThreads
    private let files = Mutex(Files())

    init(reading: ProofReading, threads: ProvingThreads) {
        self.reading = reading
        self.threads = threads
    }

    /// In bytes.
    var size: Int64 { reading.reader.size }

    /// Whether the blob is a file, of which any part may be read at no cost to the others.
    var isFile: Bool { reading.reader is StoredBlob }

    /// Where a stretch of the blob stands.
    func run(_ stretch: ProofCourse.Stretch) async throws -> ProofRun {
        var run = try await run(stretch.range)
        run.start = stretch.start
        run.messageLength = stretch.messageLength
        return run
    }

    /// Where a part of the blob stands.
    func run(_ range: Range<Int64>) async throws -> ProofRun {
        var slices: [FileSlice] = []
        var position = range.lowerBound
        while position < range.upperBound {
            let slice = try await next(at: position, limit: range.upperBound - position)
            slices.append(slice)
            position += slice.length
        }
        return ProofRun(slices: slices, isCold: try await isCold(slices.last))
    }

    /// - Throws: `.sizeMismatch` where bytes of the blob are gone.
    private func next(at position: Int64, limit: Int64) async throws -> FileSlice {
        do {
            return try await reading.reader.next(at: position, limit: limit)
        } catch let error as ContentError where isShorter || error.code == .sizeMismatch {
            throw ContentError(.sizeMismatch, "it was cut short: \(error.message)")
        }
    }

    private var isShorter: Bool {
        (try? (reading.reader as? StoredBlob)?.file.size()) ?? .max < reading.reader.size
    }

    private func isCold(_ slice: FileSlice?) async throws -> Bool {
        guard let slice else { return false }
        let known = files.withLock { files -> Bool? in
            defer { files.last = slice.file }
            return files.last == nil || files.last === slice.file ? files.isCold : false
        }
        if let known { return known }
        let isCold = try await threads.run { slice.file.isCold }
        files.withLock { $0.isCold = isCold }
        return isCold
    }

    /// Whether the file was written to since it was opened. Some stores hand out bytes in files of the moment, which are not asked.
    var hasChanged: Bool {
        guard let file = files.withLock({ $0.last }), let now = try? FileIdentity(of: file),
            now.inode == reading.identity.inode, now.device == reading.identity.device
        else { return false }
        return now != reading.identity
    }
}
