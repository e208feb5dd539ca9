import OCI

/// Computes the SHA-256 of a blob from front to back, and its hash chain in passing. Never on an event loop.
public struct ChainHasher: ~Copyable, Sendable {
    private var state = SHA256State.initial.words
    /// Bytes of a block that is not whole yet.
    private var partial: [UInt8] = []
    /// Bytes taken in.
    public private(set) var count: Int64 = 0
    /// The states at the piece boundaries passed so far, also at one that turns out to be the blob's end.
    public private(set) var passed: [SHA256State] = []
    /// The digest's state, once the last link has been followed.
    private var ending: SHA256State?

    /// Begins an empty hash.
    public init() {
        partial.reserveCapacity(64)
    }

    /// Goes on from a state in the middle of a blob whose chain is known so far.
    /// - Parameter passed: the states at the boundaries up to there, which is where the hash goes on.
    public init(after passed: [SHA256State]) {
        self.init()
        self.passed = passed
        if let last = passed.last { state = last.words }
        count = Int64(passed.count) * HashChain.pieceSize
    }

    /// Takes in the next bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while !rest.isEmpty {
            let boundary = HashChain.pieceSize - count % HashChain.pieceSize
            let now = UnsafeRawBufferPointer(rebasing: rest.prefix(Int(min(boundary, Int64(rest.count)))))
            take(now)
            count += Int64(now.count)
            if count % HashChain.pieceSize == 0 { passed.append(SHA256State(words: state)) }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(now.count))
        }
    }

    /// Goes on behind the next piece, whose bytes have been led along that link already: by whom is the same.
    /// - Precondition: the hash is at a piece's boundary, and the link begins at the state that it has come to.
    public mutating func follow(_ link: HashChain.Link) {
        precondition(
            count % HashChain.pieceSize == 0 && partial.isEmpty && link.start.words == state && ending == nil,
            "a link is followed from where it begins")
        state = link.end.words
        if let length = link.messageLength {
            count = length
            ending = link.end
        } else {
            count += HashChain.pieceSize
            passed.append(link.end)
        }
    }

    private mutating func take(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        if !partial.isEmpty {
            let missing = rest.prefix(64 - partial.count)
            partial += missing
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(missing.count))
            guard partial.count == 64 else { return }
            partial.withUnsafeBytes { compress($0) }
            partial.removeAll(keepingCapacity: true)
        }
        let whole = rest.count / 64 * 64
        compress(UnsafeRawBufferPointer(rebasing: rest.prefix(whole)))
        partial += rest.dropFirst(whole)
    }

    private mutating func compress(_ blocks: UnsafeRawBufferPointer) {
        guard !blocks.isEmpty else { return }
        withUnsafePointer(to: blocks.baseAddress?.assumingMemoryBound(to: UInt8.self)) { data in
            HashKernel.serial.compress(&state, data, blocks: blocks.count / 64)
        }
    }

    /// The digest of everything that was taken in, and the chain that ends in it.
    public consuming func finish() -> HashChain {
        if ending == nil {
            partial.withUnsafeBytes { SHA256Padding(tail: $0, messageLength: count).compress(into: &state) }
        }
        let bytes = SHA256State(words: state).bytes
        guard let digest = try? Digest(algorithm: .sha256, bytes: bytes),
            var chain = HashChain(digest: digest, size: count)
        else { preconditionFailure("a SHA-256 digest has 32 bytes") }
        for state in passed.prefix(chain.boundaries) { chain.append(state) }
        return chain
    }
}
