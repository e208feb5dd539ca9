import Glibc
public import Integrity
public import NIOCore
public import OCI
import Synchronization
public import SystemPackage

/// A blob that is being pushed: a file that grows at its end, and is hashed meanwhile.
///
/// One writer at a time; everything is safe from any thread. The file stays when this object goes: ``discard()`` removes it.
public final class UploadFile: ArrivedFile {
    private struct State: ~Copyable {
        /// Nil where bytes of a former agent are in the file that were not hashed here.
        var hash: ChainHasher?
        var isSealed = false
        var isNamed = true
    }

    public let file: OpenFile
    private let place: UploadPlace
    /// Held while bytes are written.
    private let state: Mutex<State>
    /// Apart, so that nobody who asks waits for a disk.
    private let arrived: Atomic<Int64>

    init(file: OpenFile, place: UploadPlace, count: Int64, hashed: Bool) {
        self.file = file
        self.place = place
        state = Mutex(State(hash: hashed ? ChainHasher() : nil))
        arrived = Atomic(count)
    }

    public var path: FilePath { place.bytes }

    /// Bytes that have arrived. Waits for no write.
    public var count: Int64 { arrived.load(ordering: .acquiring) }

    /// Writes bytes at the end, if that is where the caller thinks that it is: of two who push the same upload one is told. On a failure
    /// nothing was added. Cancelling the task does not stop it.
    /// - Returns: how many bytes have arrived now.
    /// - Throws: `.sizeMismatch` where the end is elsewhere, `.noSpace` where the disk is full, `.io` for everything else and after ``seal()``.
    public func append(_ chunks: [ByteBuffer], at start: Int64) async throws(ContentError) -> Int64 {
        try await BlockingWork.run { () throws(ContentError) in
            try self.state.withLock { (state) throws(ContentError) in
                guard self.count == start else {
                    throw ContentError(
                        .sizeMismatch,
                        "somebody else has added to this upload: it has \(self.count) bytes, not \(start)")
                }
                guard !state.isSealed else {
                    throw ContentError(.io, "\(self.path) is complete and takes no more bytes")
                }
                var end = start
                for chunk in chunks {
                    try chunk.withVeryUnsafeBytes { (all) throws(ContentError) in
                        let bytes = UnsafeRawBufferPointer(
                            rebasing: all[chunk.readerIndex..<chunk.writerIndex])
                        try self.file.write(bytes, at: end)
                        end += Int64(bytes.count)
                    }
                }
                for chunk in chunks { chunk.withUnsafeReadableBytes { state.hash?.update($0) } }
                self.arrived.store(end, ordering: .releasing)
                return end
            }
        }
    }

    /// Seals the file, and says what its bytes hash to; for sha256 with the chain that ends there.
    ///
    /// What was not hashed while it arrived is read once more.
    public func digest(_ algorithm: Digest.Algorithm) async throws(ContentError) -> (digest: Digest, chain: HashChain?)
    {
        seal()
        return try await BlockingWork.run { () throws(ContentError) in
            let count = self.count
            guard algorithm == .sha256 else {
                var whole = ContentHasher(algorithm)
                try self.forEachChunk(of: count) { whole.update($0) }
                return (whole.finish(), nil)
            }
            let hash = self.state.withLock { state in
                var hash: ChainHasher?
                swap(&hash, &state.hash)
                return hash
            }
            let chain: HashChain
            if let hash {
                chain = hash.finish()
            } else {
                var whole = ChainHasher()
                try self.forEachChunk(of: count) { whole.update($0) }
                chain = whole.finish()
            }
            return (chain.digest, chain)
        }
    }

    private func forEachChunk(of count: Int64, _ body: (UnsafeRawBufferPointer) -> Void) throws(ContentError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        var position: Int64 = 0
        while position < count {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(count - position, 1 << 20))])
            let length = try file.read(into: part, at: position)
            guard length > 0 else {
                throw ContentError(.io, "\(path) ended after \(position) bytes instead of \(count)")
            }
            body(UnsafeRawBufferPointer(rebasing: part[..<length]))
            position += Int64(length)
        }
    }

    // MARK: The end

    public func seal() { state.withLock { $0.isSealed = true } }

    public func discard() {
        guard leave() else { return }
        place.remove()
    }

    public func surrender() {
        guard leave() else { return }
        _ = place.note.withPlatformString { unlink($0) }
    }

    private func leave() -> Bool {
        state.withLock { state in
            state.isSealed = true
            defer { state.isNamed = false }
            return state.isNamed
        }
    }
}
