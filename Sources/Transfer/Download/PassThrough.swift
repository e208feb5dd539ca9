import Content
import Integrity
public import NIOCore
import OCI

/// The bytes of a blob from upstream, past a disk that is full.
///
/// A transfer that breaks is resumed at its byte, a few times for each piece of the blob. Where the bytes from the blob's first on are known, the last
/// chunk is held back until the digest is right. One chunk is in memory at a time.
public struct PassThrough: AsyncSequence, Sendable {
    public typealias Element = ByteBuffer

    let question: BlobQuestion
    let upstream: UpstreamClient
    let prefix: SpoolFile?
    let offset: Int64
    let end: Int64
    let counters: TransferCounters
    /// Hashes what of the blob is here.
    let hashing: WorkPool
    /// Of what comes from registries, all together.
    var rate: RateLimit
    /// How long upstream may have been silent before it is asked again.
    var patience = DownloadPlan.upstreamPatience

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(self)
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        private static let resumes = 5

        private let source: PassThrough
        private var body: UpstreamBody.AsyncIterator?
        private var position: Int64
        private var attempts = 0
        /// The last byte that counted as progress.
        private var countedFrom: Int64
        /// Since when upstream is waited for: since the last byte, but not while the reader took its time.
        private var waitingSince = ContinuousClock.now
        private var hasher: PassThroughHash?
        private var held: ByteBuffer?

        init(_ source: PassThrough) {
            self.source = source
            position = source.offset
            countedFrom = source.offset
        }

        public mutating func next() async throws -> ByteBuffer? {
            if position == source.offset, hasher == nil { try await prepareHash() }
            while true {
                guard let chunk = try await received() else {
                    guard let last = held else { return nil }
                    held = nil
                    try hasher?.check(source.question.digest)
                    return last
                }
                hasher?.update(chunk)
                guard hasher != nil else { return chunk }
                defer { held = chunk }
                if let held { return held }
            }
        }

        /// The whole blob can be checked when its front is in the spool, or when it is read from the front.
        private mutating func prepareHash() async throws {
            guard case .whole = source.question.range else { return }
            if let prefix = source.prefix, source.offset > 0 {
                hasher = try await source.hashing.run { [source] in
                    try PassThroughHash(source.question.digest.algorithm, prefix: prefix, upTo: source.offset)
                }
            } else if source.offset == 0 {
                hasher = PassThroughHash(source.question.digest.algorithm)
            }
        }

        private mutating func received() async throws -> ByteBuffer? {
            waitingSince = .now
            while position < source.end {
                if body == nil { try await openBody() }
                do {
                    if var chunk = try await body?.next() {
                        try await source.rate.take(chunk.readableBytes)
                        source.counters.received(Int64(chunk.readableBytes), from: .upstream)
                        let wanted = Int(Swift.min(Int64(chunk.readableBytes), source.end - position))
                        position += Int64(wanted)
                        progressed()
                        return chunk.readSlice(length: wanted)
                    }
                } catch  where attempts >= Self.resumes {
                    throw error
                } catch {
                    // The next attempt asks for what is missing.
                }
                body = nil
            }
            return nil
        }

        private mutating func progressed() {
            guard position - countedFrom >= DownloadPlan.pieceSize else { return }
            countedFrom = position
            attempts = 0
        }

        private mutating func openBody() async throws {
            guard let origin = source.question.origin else {
                throw FetchError(.notFound, "\(source.question.digest): the disk is full and no upstream is known")
            }
            guard attempts < Self.resumes else {
                throw FetchError(.broken, "\(source.question.digest): upstream broke off \(attempts) times")
            }
            guard waitingSince.duration(to: .now) <= source.patience else {
                throw FetchError(.broken, "\(source.question.digest): upstream has been silent for too long")
            }
            attempts += 1
            let isWhole = position == 0
            let blob = try await source.upstream.blob(
                source.question.digest, at: origin, as: source.question.identity,
                range: isWhole ? nil : position..<source.end)
            guard blob.offset == position else {
                throw FetchError(.broken, "\(source.question.digest): upstream cannot resume at a byte")
            }
            body = blob.body.makeAsyncIterator()
        }
    }
}

/// The running hash of a pass-through. One task has it, which lets a thread that may wait for the disk begin it.
private final class PassThroughHash: @unchecked Sendable {
    private var hasher: ContentHasher?

    init(_ algorithm: Digest.Algorithm) {
        hasher = ContentHasher(algorithm)
    }

    convenience init(_ algorithm: Digest.Algorithm, prefix: SpoolFile, upTo end: Int64) throws {
        self.init(algorithm)
        try prefix.forEachChunk(in: 0..<end) { hasher?.update($0) }
    }

    func update(_ chunk: ByteBuffer) {
        chunk.withUnsafeReadableBytes { hasher?.update($0) }
    }

    func check(_ digest: Digest) throws {
        guard let actual = hasher.take()?.finish(), actual == digest else {
            throw FetchError(.damaged, "\(digest): the bytes that upstream sent have another digest")
        }
    }
}
