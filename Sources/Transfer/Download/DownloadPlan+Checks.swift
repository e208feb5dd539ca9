import Discovery
import Integrity

/// Whether the pieces that came are what others say that they are.
extension DownloadPlan {
    /// How many pieces are hashed at a time.
    static let checksAtOnce = 4
    /// How many holders are asked for the hash chain.
    static let chainQuestions = 3

    /// Whether what peers send can be checked piece by piece.
    var canCheck: Bool { releasesChecked && !claims.isEmpty }

    /// Bytes have been written: a piece that is whole now is to be looked at.
    mutating func noteWritten(_ part: Range<Int64>, by source: Source) {
        guard let size, !part.isEmpty, part.lowerBound < size else { return }
        for piece in Int(part.lowerBound / Self.pieceSize)...Int((min(part.upperBound, size) - 1) / Self.pieceSize) {
            if case .peer(let node) = source { writers[piece, default: []].insert(node) }
            guard present.contains(range(of: piece, size: size)), unchecked.insert(piece).inserted else { continue }
            counts.pieces += 1
            hasNews = true
        }
    }

    mutating func noteWholePieces() {
        guard let size else { return }
        wholePieces(size: size).forEach { unchecked.insert($0) }
        hasNews = !unchecked.isEmpty
    }

    /// The pieces to be hashed next. Those that came from a peer first: a reader may wait for them.
    mutating func checks() -> [Action] {
        hasNews = false
        guard let size, phase == .fetching, !unchecked.isEmpty, let swarm else { return [] }
        var urgent: [Action] = []
        var others: [Action] = []
        for piece in unchecked.subtracting(checking).sorted() {
            let range = range(of: piece, size: size)
            guard present.contains(range) else {
                unchecked.remove(piece)
                continue
            }
            if present.origins(in: range).contains(.peer) {
                if let claim = claims.claim(of: piece) {
                    urgent.append(.check(piece, claim.proof, generation: hashGeneration))
                } else {
                    log.append(piece, sum: nil, origin: nil)
                }
            } else if swarm.isShared {
                others.append(.check(piece, .none, generation: hashGeneration))
            }
        }
        let actions = (urgent + others).prefix(max(0, Self.checksAtOnce - checking.count))
        for case .check(let piece, _, _) in actions { checking.insert(piece) }
        return Array(actions)
    }

    /// A piece has been hashed.
    /// - Parameter finding: nil where it could not be read.
    mutating func checked(_ piece: Int, _ finding: PieceFinding?, generation: Int) -> [Action] {
        checking.remove(piece)
        // What was taken back meanwhile is looked at again when it has come again.
        guard let size, let finding, phase == .fetching, generation == hashGeneration else { return [] }
        let range = range(of: piece, size: size)
        guard !range.isEmpty, present.contains(range) else { return [] }
        guard present.origins(in: range).contains(.peer) else {
            if case .sum(let sum) = finding {
                unchecked.remove(piece)
                log.append(piece, sum: sum, origin: own)
            }
            return []
        }
        guard let claim = claims.claim(of: piece) else { return [] }
        switch (finding, claim.proof) {
        case (.sum(let actual), .sum(let claimed)) where actual == claimed:
            accept(piece, range, claim, sum: actual, origin: claim.origin)
        case (.link(holds: true), .link): accept(piece, range, claim, sum: nil, origin: nil)
        case (.sum, .sum), (.link, .link): return reject(piece, range, claim)
        default: break
        }
        return []
    }

    private mutating func accept(
        _ piece: Int, _ range: Range<Int64>, _ claim: PieceClaims.Claim, sum: PieceSum?, origin: NodeID?
    ) {
        unchecked.remove(piece)
        writers[piece] = nil
        claims.uphold(claim, of: piece)
        present.turn(.peer, into: .checked, in: range)
        log.append(piece, sum: sum, origin: origin)
    }

    private mutating func reject(_ piece: Int, _ range: Range<Int64>, _ claim: PieceClaims.Claim) -> [Action] {
        let suspects = writers.removeValue(forKey: piece) ?? []
        unchecked.remove(piece)
        present.remove(range, from: .peer)
        takeBack(from: range.lowerBound)
        counts.damaged += 1
        if log.contains(piece) { beginLogAnew() }
        lastFailure = "piece \(piece) is not what node \(claim.giver) says that it is"
        if let cleared = claims.contradicted(piece, by: suspects, claim) {
            excludedPeers.subtract(cleared)
            excludedPeers.insert(claim.giver)
            return [.blame(claim.giver, convicted: false)]
        }
        excludedPeers.formUnion(suspects)
        return suspects.sorted().map { .blame($0, convicted: false, piece: piece) }
    }

    /// All bytes are here and right: those whose bytes of a piece were not, though what they were checked by was.
    var convicted: Set<NodeID> {
        guard let size else { return [] }
        return claims.convicted { piece in
            let range = range(of: piece, size: size)
            return !range.isEmpty && present.contains(range) && present.origins(in: range) == [.checked]
        }
    }

    /// What others were told is not so any more.
    mutating func beginLogAnew() {
        log.beginAnew()
        unchecked = []
        noteWholePieces()
    }
}
