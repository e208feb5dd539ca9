import Content
import Integrity
import NIOCore
import OCI
import Synchronization

/// Hashes a spool file from front to back, reading from the page cache what was written a moment ago, and makes the blob's hash
/// chain in passing.
///
/// Reading back costs a copy, but keeps hashing off the event loops and the same for bytes that came in any order.
final class SpoolHasher: Sendable {
    private let spool: SpoolFile
    private let algorithm: Digest.Algorithm
    private let hash: Mutex<RunningHash>
    /// A copy, so that nobody who asks for it waits for hashing.
    private let passed: Mutex<[SHA256State]>

    /// - Parameter states: those at the piece boundaries up to where the hash goes on, as ``states`` gave them; only sha256 has any.
    init(_ spool: SpoolFile, _ algorithm: Digest.Algorithm, after states: [SHA256State] = []) {
        self.spool = spool
        self.algorithm = algorithm
        let states = algorithm == .sha256 ? states : []
        hash = Mutex(RunningHash(algorithm, after: states))
        passed = Mutex(states)
    }

    /// SHA-256's states after the pieces that have been added whole: the chain as far as it is known. Empty for other algorithms.
    var states: [SHA256State] { passed.withLock { $0 } }

    /// Adds a range of the file; ranges are given in order. Blocks: call it on a thread pool.
    func update(_ range: Range<Int64>) throws {
        try spool.forEachChunk(in: range) { chunk in
            let new = hash.withLock { hash -> [SHA256State]? in
                let before = hash.states.count
                hash.update(chunk)
                return hash.states.count > before ? hash.states : nil
            }
            if let new { passed.withLock { $0 = new } }
        }
    }

    /// Goes on behind a piece that has been led along a link from where this hash is.
    func follow(_ link: HashChain.Link) {
        passed.withLock { passed in
            passed = hash.withLock { hash in
                hash.follow(link)
                return hash.states
            }
        }
    }

    /// The digest of all that was added and, for sha256, the chain that ends in it; the hasher begins anew.
    func finish() -> (digest: Digest, chain: HashChain?) {
        let finished = hash.withLock { hash in
            let finished = consume hash
            hash = RunningHash(algorithm, after: [])
            return finished.finish()
        }
        passed.withLock { $0 = [] }
        return finished
    }
}

/// A hash that makes a chain where its algorithm has one.
private enum RunningHash: ~Copyable, Sendable {
    case chain(ChainHasher)
    case plain(ContentHasher)

    init(_ algorithm: Digest.Algorithm, after states: [SHA256State]) {
        self = algorithm == .sha256 ? .chain(ChainHasher(after: states)) : .plain(ContentHasher(algorithm))
    }

    var states: [SHA256State] {
        switch self {
        case .chain(let hasher): hasher.passed
        case .plain: []
        }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch consume self {
        case .chain(var hasher):
            hasher.update(bytes)
            self = .chain(hasher)
        case .plain(var hasher):
            hasher.update(bytes)
            self = .plain(hasher)
        }
    }

    mutating func follow(_ link: HashChain.Link) {
        switch consume self {
        case .chain(var hasher):
            hasher.follow(link)
            self = .chain(hasher)
        case .plain: preconditionFailure("only sha256 has links")
        }
    }

    consuming func finish() -> (digest: Digest, chain: HashChain?) {
        switch consume self {
        case .chain(let hasher):
            let chain = hasher.finish()
            return (chain.digest, chain)
        case .plain(let hasher): return (hasher.finish(), nil)
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

    /// Writes those parts (ranges of the blob) of adjacent chunks of which the first begins at `position` of the blob.
    func write(_ chunks: [ByteBuffer], at position: Int64, parts: [Range<Int64>]) throws {
        var start = position
        for chunk in chunks {
            let range = start..<start + Int64(chunk.readableBytes)
            start = range.upperBound
            try chunk.withUnsafeReadableBytes { bytes in
                for part in parts where part.overlaps(range) {
                    let part = part.clamped(to: range)
                    let place = Int(part.lowerBound - range.lowerBound)..<Int(part.upperBound - range.lowerBound)
                    try write(UnsafeRawBufferPointer(rebasing: bytes[place]), at: part.lowerBound)
                }
            }
        }
    }
}
