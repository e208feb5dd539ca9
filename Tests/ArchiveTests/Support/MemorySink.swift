import Integrity
import NIOCore
import OCI
import Synchronization

@testable import Archive

/// Keeps blobs in memory, and holds its caller to the rules.
final class MemorySink: ArchiveSink {
    struct Failure: Error {}

    struct State {
        var blobs: [Digest: [UInt8]] = [:]
        var open = 0
        var abandoned = 0
        var written = 0
        /// What was announced, in order.
        var begun: [Digest?] = []
    }

    private let state = Mutex(State())
    /// Takes no more bytes than this.
    let room: Int

    init(holding blobs: [[UInt8]] = [], room: Int = .max) {
        self.room = room
        state.withLock { state in
            for blob in blobs { state.blobs[ContentHasher.digest(of: blob)] = blob }
        }
    }

    var now: State { state.withLock { $0 } }
    var blobs: [Digest: [UInt8]] { now.blobs }

    func begin(declared: Digest?, size: Int64) async throws -> (any ArchiveBlob)? {
        let isHeld = state.withLock { state in
            state.begun.append(declared)
            if let declared, state.blobs[declared] != nil { return true }
            state.open += 1
            return false
        }
        return isHeld ? nil : Blob(sink: self, declared: declared)
    }

    func read(_ digest: Digest, size: Int64) async throws -> [UInt8] {
        guard let bytes = blobs[digest] else { throw Failure() }
        return bytes
    }

    final class Blob: ArchiveBlob {
        private let sink: MemorySink
        private let declared: Digest?
        private let bytes = Mutex<[UInt8]?>([])

        init(sink: MemorySink, declared: Digest?) {
            self.sink = sink
            self.declared = declared
        }

        func write(_ chunk: ByteBuffer) async throws {
            let isFull = sink.state.withLock { state in
                state.written += chunk.readableBytes
                return state.written > sink.room
            }
            if isFull { throw Failure() }
            bytes.withLock { $0?.append(contentsOf: chunk.readableBytesView) }
        }

        func finish() async throws -> (digest: Digest, size: Int64) {
            let bytes = end()
            let digest = ContentHasher.digest(of: bytes, algorithm: declared?.algorithm ?? .sha256)
            if let declared, digest != declared {
                throw ArchiveError(.damaged, "\(declared) hashes to \(digest)")
            }
            sink.state.withLock { $0.blobs[digest] = bytes }
            return (digest, Int64(bytes.count))
        }

        func abandon() async {
            _ = end()
            sink.state.withLock { $0.abandoned += 1 }
        }

        private func end() -> [UInt8] {
            let bytes = bytes.withLock { bytes in
                defer { bytes = nil }
                return bytes
            }
            guard let bytes else { preconditionFailure("a blob was ended twice") }
            sink.state.withLock { $0.open -= 1 }
            return bytes
        }
    }
}

/// Reads an archive, in portions, into a sink of its own or the one that is given.
func contents(
    of archive: [UInt8], into sink: MemorySink = MemorySink(), portion: Int = 1 << 20,
    limits: ArchiveLimits = ArchiveLimits()
) async throws -> ArchiveContents {
    var rest = archive[...]
    defer { precondition(sink.now.open == 0, "a blob was neither finished nor abandoned") }
    return try await ImageArchiveReader(sink: sink, limits: limits).read {
        guard !rest.isEmpty else { return nil }
        defer { rest = rest.dropFirst(portion) }
        return ByteBuffer(bytes: rest.prefix(portion))
    }
}
