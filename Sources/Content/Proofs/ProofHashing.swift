import Integrity
import OCI
import Synchronization

/// The hash of one blob whose digest has no chain, fed with its parts as they are read. Blocks: it is used on the threads for it.
final class ProofHashing: Sendable {
    private let hasher: Mutex<ContentHasher>
    private let algorithm: Digest.Algorithm

    init(_ algorithm: Digest.Algorithm) {
        self.algorithm = algorithm
        hasher = Mutex(ContentHasher(algorithm))
    }

    /// Takes in the next part.
    func update(_ run: ProofRun) throws {
        let size = Int(min(256 << 10, run.length))
        try withUnsafeTemporaryAllocation(byteCount: size, alignment: 64) { buffer in
            for offset in stride(from: 0, to: run.length, by: size) {
                let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(size, Int(run.length - offset))])
                try run.read(at: offset, into: part)
                hasher.withLock { $0.update(UnsafeRawBufferPointer(part)) }
            }
        }
        run.letGo()
    }

    /// The digest of all that was taken in; the hash begins anew.
    func finish() -> Digest {
        hasher.withLock { hasher in
            let finished = consume hasher
            hasher = ContentHasher(algorithm)
            return finished.finish()
        }
    }
}
