public import OCI

/// SHA-256's states at the piece boundaries of a blob. Who has them can check any piece alone, in any order, many at once.
///
/// Piece *i* leads state *i* to state *i + 1*; the first state is SHA-256's constant, and the last piece, with the padding, leads to
/// the digest. All links holding is the same statement as the digest matching. A chain from somebody else is a claim until the
/// last link has held: docs/security.md says what a forged one can do. A chain may still be growing: then the pieces behind its
/// end cannot be checked yet.
public struct HashChain: Hashable, Sendable {
    /// 4 MiB. All pieces of a blob but the last have this size.
    public static let pieceSize: Int64 = 4 << 20
    /// The type of its encoded form: the states after the pieces but the last, 32 bytes each, in order, nothing else.
    public static let mediaType = "application/vnd.shoal.sha256-chain.v1"

    /// What it ends in; a SHA-256 digest.
    public let digest: Digest
    /// Of the blob, in bytes.
    public let size: Int64
    /// After piece 0, 1, and so on; never after the last one.
    public private(set) var states: [SHA256State] = []

    /// A chain of no states yet; complete if the blob has but one piece.
    /// - Returns: nil for digests of other algorithms.
    public init?(digest: Digest, size: Int64) {
        guard digest.algorithm == .sha256, size >= 0 else { return nil }
        self.digest = digest
        self.size = size
    }

    /// From the encoded form. Fewer states than the blob has boundaries make a chain that is still growing.
    /// - Throws: ``ChainError`` where the bytes are no whole number of states, or too many for a blob of this size.
    public init(digest: Digest, size: Int64, encoded: some RandomAccessCollection<UInt8>) throws(ChainError) {
        guard let empty = HashChain(digest: digest, size: size) else { throw ChainError(.unsupported(digest)) }
        self = empty
        guard encoded.count % SHA256State.byteCount == 0 else { throw ChainError(.ragged(encoded.count)) }
        guard encoded.count / SHA256State.byteCount <= boundaries else {
            throw ChainError(.tooLong(encoded.count / SHA256State.byteCount, boundaries))
        }
        states.reserveCapacity(encoded.count / SHA256State.byteCount)
        var rest = encoded[...]
        while let state = SHA256State(bytes: rest.prefix(SHA256State.byteCount)) {
            states.append(state)
            rest = rest.dropFirst(SHA256State.byteCount)
        }
    }

    /// The states after all pieces but the last, 32 bytes each.
    public var encoded: [UInt8] { states.flatMap(\.bytes) }

    /// How many pieces the blob has; an empty blob has one of no bytes.
    public var pieces: Int { boundaries + 1 }

    /// How many states a complete chain has.
    public var boundaries: Int { size == 0 ? 0 : Int((size - 1) / Self.pieceSize) }

    /// Whether every piece can be checked.
    public var isComplete: Bool { states.count == boundaries }

    /// The bytes of a piece.
    public func range(of piece: Int) -> Range<Int64> {
        let start = Int64(piece) * Self.pieceSize
        return start..<min(size, start + Self.pieceSize)
    }

    /// Takes up the state after the next piece.
    public mutating func append(_ state: SHA256State) {
        precondition(!isComplete, "the last piece of a blob ends in the digest")
        states.append(state)
    }

    /// What a piece is led from and to.
    public struct Link: Hashable, Sendable {
        public var start: SHA256State
        public var end: SHA256State
        /// Set for the last piece: its padding is part of it.
        public var messageLength: Int64?
    }

    /// The link that a piece has to hold; nil while the chain does not reach around it.
    public func link(of piece: Int) -> Link? {
        guard 0..<pieces ~= piece, piece <= states.count, piece < states.count || isComplete else { return nil }
        let start = piece == 0 ? SHA256State.initial : states[piece - 1]
        if piece < states.count { return Link(start: start, end: states[piece]) }
        guard let end = SHA256State(bytes: digest.bytes) else { return nil }
        return Link(start: start, end: end, messageLength: size)
    }
}

/// Why a chain cannot be read.
public struct ChainError: Error, Equatable, CustomStringConvertible {
    enum Reason: Equatable, Sendable {
        case unsupported(Digest)
        case ragged(Int)
        case tooLong(Int, Int)
    }

    let reason: Reason

    init(_ reason: Reason) {
        self.reason = reason
    }

    public var description: String {
        switch reason {
        case .unsupported(let digest): "there are hash chains for sha256 only, not for \(digest)"
        case .ragged(let count): "a hash chain of \(count) bytes: it is made of states of 32 bytes each"
        case .tooLong(let count, let most):
            "a hash chain of \(count) states for a blob that has \(most) piece boundaries"
        }
    }
}
