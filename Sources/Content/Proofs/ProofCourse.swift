import Integrity
import OCI

/// Decides which stretches of a blob are hashed next, and what the states that they lead to say of it. A value without I/O.
///
/// Without a chain the blob is hashed from front to back, a piece at a time, and its chain is made in passing. With one its
/// pieces are hashed beside each other, as many as there are lanes: **a blob whose chain's links all hold is as good as one
/// whose digest matches**, because the links lead, one after the other, from SHA-256's constant to the digest, which is all
/// that hashing from front to back does. Where a link breaks, the state before it is still known from the front, so the hash
/// goes on from there to the end without the chain: only that convicts the blob, and if the digest matches, the chain was wrong.
struct ProofCourse {
    /// Bytes to be led through SHA-256 from a state that is known, or claimed by the chain.
    struct Stretch: Equatable {
        var range: Range<Int64>
        var start: SHA256State
        /// Set for the end of the blob: its padding is part of it.
        var messageLength: Int64?
    }

    /// What all the states say.
    enum Verdict: Equatable {
        /// Right; the chain that was made on the way, where none was at hand.
        case intact(made: HashChain?)
        /// Right, and the chain at hand is wrong; here is the true one.
        case refuted(true: HashChain)
        /// Wrong, and where; no pieces where there was no chain to tell them.
        case damaged(actual: Digest, pieces: [Int])
    }

    private enum Phase {
        /// The pieces from this one on have not been looked at.
        case links(Int)
        /// From front to back, from this byte on.
        case front(Int64)
        case decided(Verdict)
    }

    private let chain: HashChain
    private let hasChain: Bool
    private let step: Int64
    private let width: Int
    private var phase: Phase
    /// The state at the front, where the phase has one.
    private var state = SHA256State.initial
    /// States at the boundaries that are known from the front.
    private var known: [SHA256State] = []
    private var broken: [(piece: Int, end: SHA256State)] = []

    /// - Parameters:
    ///   - chain: a complete one of the blob; nil where there is none at hand.
    ///   - empty: the blob's chain without any states.
    ///   - step: how many bytes a stretch has at most, where they are hashed from front to back. A piece is a multiple of it.
    ///   - width: how many stretches are worth hashing beside each other.
    init(_ empty: HashChain, chain: HashChain?, step: Int64 = HashChain.pieceSize, width: Int) {
        precondition(HashChain.pieceSize % step == 0, "a stretch ends where a piece does")
        self.chain = chain ?? empty
        hasChain = chain?.isComplete == true
        self.step = step
        self.width = width
        // One link is the whole way.
        phase = hasChain && empty.boundaries > 0 ? .links(0) : .front(0)
    }

    /// Nil until all is hashed that has to be.
    var verdict: Verdict? {
        if case .decided(let verdict) = phase { verdict } else { nil }
    }

    /// Whether bytes are read that were read before, because one of them is wrong, or the chain.
    var isSecondLook: Bool { !broken.isEmpty }

    /// What to hash next, beside each other; nothing once there is a verdict.
    var next: [Stretch] {
        switch phase {
        case .decided: []
        case .front(let position): [stretch(at: position)]
        case .links(let first):
            (first..<min(chain.pieces, first + width)).compactMap { piece in
                chain.link(of: piece).map { link in
                    Stretch(range: chain.range(of: piece), start: link.start, messageLength: link.messageLength)
                }
            }
        }
    }

    /// Takes in the states that the stretches of ``next`` lead to, in their order.
    mutating func reached(_ ends: [SHA256State]) {
        switch phase {
        case .decided: return
        case .front(let position):
            guard let end = ends.first else { return }
            advance(to: stretch(at: position).range.upperBound, end)
        case .links(let first):
            for (piece, end) in zip(first..., ends) where end != chain.link(of: piece)?.end {
                broken.append((piece, end))
            }
            let looked = first + ends.count
            phase = looked < chain.pieces ? .links(looked) : .decided(.intact(made: nil))
            if looked == chain.pieces, let first = broken.first {
                known = Array(chain.states.prefix(first.piece))
                advance(to: chain.range(of: first.piece).upperBound, first.end)
            }
        }
    }

    private func stretch(at position: Int64) -> Stretch {
        let end = min(chain.size, (position / step + 1) * step)
        return Stretch(range: position..<end, start: state, messageLength: end == chain.size ? chain.size : nil)
    }

    /// The hash from the front has come to `position`.
    private mutating func advance(to position: Int64, _ end: SHA256State) {
        guard position == chain.size else {
            state = end
            if position % HashChain.pieceSize == 0 { known.append(end) }
            phase = .front(position)
            return
        }
        guard let actual = try? Digest(algorithm: .sha256, bytes: end.bytes) else { return }
        guard actual == chain.digest, var made = HashChain(digest: chain.digest, size: chain.size) else {
            phase = .decided(.damaged(actual: actual, pieces: broken.map(\.piece)))
            return
        }
        for state in known { made.append(state) }
        phase = .decided(hasChain && isSecondLook ? .refuted(true: made) : .intact(made: made))
    }
}
