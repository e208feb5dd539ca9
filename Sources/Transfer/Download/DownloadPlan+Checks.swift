import Discovery
import Integrity

/// Whether the pieces that came are what others say that they are.
extension DownloadPlan {
    /// How many pieces are hashed side by side at most: as many as the widest kernel has lanes.
    static let checksAtOnce = 16
    /// How long a piece waits for others to be hashed beside it.
    static let company: Duration = .milliseconds(100)
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
    ///
    /// One batch at a time: where hashing is slower than what comes, more pieces wait for the next one, and the more there are side by
    /// side, the less each costs. A second is begun where a whole one waits. Where much more is coming, the first waits for company.
    mutating func checks(now: Instant) -> [Action] {
        hasNews = false
        guard let size, phase == .fetching, !unchecked.isEmpty, let swarm else { return [] }
        var urgent: [PieceCheck] = []
        var others: [PieceCheck] = []
        for piece in unchecked.subtracting(checking).sorted() {
            let range = range(of: piece, size: size)
            guard present.contains(range) else {
                unchecked.remove(piece)
                continue
            }
            if present.origins(in: range).contains(.peer) {
                if let claim = claims.claim(of: piece) {
                    urgent.append(PieceCheck(piece: piece, range: range, proof: claim.proof))
                } else {
                    log.append(piece, sum: nil, origin: nil)
                }
            } else if swarm.isShared {
                others.append(PieceCheck(piece: piece, range: range, proof: .none))
            }
        }
        let next = (urgent + others).prefix(Self.checksAtOnce)
        let isDue = checking.isEmpty || next.count == Self.checksAtOnce && checking.count <= Self.checksAtOnce
        guard !next.isEmpty, isDue else { return [] }
        if next.count < sideBySide, awaitsCompany(size: size) {
            guard let until = companyUntil else {
                companyUntil = now + Self.company
                return [.evaluate(after: Self.company)]
            }
            guard now >= until else { return [] }
        }
        companyUntil = nil
        checking.formUnion(next.map(\.piece))
        return [.check(Array(next), generation: hashGeneration)]
    }

    /// Whether nobody is in a hurry, and so much is still on its way that a piece that waits is soon one of many.
    private func awaitsCompany(size: Int64) -> Bool {
        swarm?.isShared != true && readers.values.allSatisfy { isWhole($0.intent) }
            && runs.values.contains { run in
                !run.cancelled && run.opened
                    && min(run.end ?? size, size) - run.position >= Int64(sideBySide) * Self.pieceSize
            }
    }

    /// Pieces have been hashed.
    /// - Parameter findings: one for each; nil where it could not be read.
    mutating func checked(_ pieces: [Int], _ findings: [PieceFinding?], generation: Int) -> [Action] {
        checking.subtract(pieces)
        // What was taken back meanwhile is looked at again when it has come again. What is taken back because of one of these leaves
        // the others what they are.
        guard generation == hashGeneration else { return [] }
        return zip(pieces, findings).flatMap { checked($0, $1) }
    }

    private mutating func checked(_ piece: Int, _ finding: PieceFinding?) -> [Action] {
        guard let finding else {
            // The download ends for it.
            unchecked.remove(piece)
            return []
        }
        guard let size, phase == .fetching else { return [] }
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

    /// What the hash of the front does next.
    enum FrontStep: Equatable, Sendable {
        case hash(Range<Int64>)
        /// The bytes up to there have been led along this link already.
        case follow(HashChain.Link, to: Int64)
        /// All bytes are hashed.
        case finish
        case wait
    }

    /// What the hash of the front does next.
    /// - Parameter state: the one that it has come to, where that is at a piece's boundary.
    func frontStep(at position: Int64, _ state: SHA256State?) -> FrontStep {
        guard phase == .fetching else { return .wait }
        guard position < front else { return isComplete ? .finish : .wait }
        let boundary = (position / Self.pieceSize + 1) * Self.pieceSize
        if let size, let state, position % Self.pieceSize == 0 {
            let piece = Int(position / Self.pieceSize)
            if let link = linked[piece], link.start == state, (link.messageLength ?? size) == size {
                return .follow(link, to: min(boundary, size))
            }
            let range = range(of: piece, size: size)
            // It is looked at when it is whole.
            if swarm != nil, unchecked.contains(piece) || !present.contains(range),
                present.origins(in: range).contains(.peer),
                case .link(let link)? = claims.claim(of: piece)?.proof, link.start == state
            {
                return .wait
            }
        }
        return .hash(position..<min(front, boundary))
    }

    private mutating func accept(
        _ piece: Int, _ range: Range<Int64>, _ claim: PieceClaims.Claim, sum: PieceSum?, origin: NodeID?
    ) {
        unchecked.remove(piece)
        writers[piece] = nil
        if case .link(let link) = claim.proof { linked[piece] = link }
        claims.uphold(claim, of: piece)
        present.turn(.peer, into: .checked, in: range)
        log.append(piece, sum: sum, origin: origin)
    }

    private mutating func reject(_ piece: Int, _ range: Range<Int64>, _ claim: PieceClaims.Claim) -> [Action] {
        let suspects = writers.removeValue(forKey: piece) ?? []
        unchecked.remove(piece)
        present.remove(range, from: .peer)
        takeBack(range)
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
