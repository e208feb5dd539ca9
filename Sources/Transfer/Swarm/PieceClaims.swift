import Discovery
import Integrity

/// By what a piece can be checked before the whole blob is here.
enum PieceProof: Hashable, Sendable {
    /// Nothing: its checksum is asked for.
    case none
    /// The checksum that the node made which took the piece from upstream.
    case sum(PieceSum)
    /// Its link of the blob's hash chain.
    case link(HashChain.Link)
}

/// A piece to be hashed, and what it was claimed to be.
struct PieceCheck: Hashable, Sendable {
    var piece: Int
    /// Of the blob, as its size was known then.
    var range: Range<Int64>
    var proof: PieceProof
}

/// What a check of a piece has found.
enum PieceFinding: Hashable, Sendable {
    case sum(PieceSum)
    case link(holds: Bool)
}

/// What others say that the pieces of a blob are, and who contradicted whom.
///
/// All of it is hearsay until the whole digest is right. A peer whose bytes are not what was claimed of them is not asked again for
/// the blob; if another peer's bytes are not either, the claim is what is wrong, and all that came from its giver is forgotten.
struct PieceClaims: Sendable {
    struct Claim: Hashable, Sendable {
        var proof: PieceProof
        var giver: NodeID
        /// Who took the piece from upstream.
        var origin: NodeID?
    }

    private struct Sum: Sendable {
        var sum: PieceSum
        var giver: NodeID
        var origin: NodeID?
        /// Somebody else says otherwise: neither counts.
        var isContested = false
    }

    private var sums: [Int: Sum] = [:]
    private var chain: (value: HashChain, giver: NodeID)?
    private var distrusted: Set<NodeID> = []
    /// By piece, whose bytes were not as claimed, and who had claimed it.
    private var accused: [Int: [NodeID: NodeID]] = [:]
    /// By piece, who wrote all of what was not as claimed: where several did, it may have been any of them.
    private var soleWriters: [Int: Set<NodeID>] = [:]
    /// By piece, whose claim its bytes turned out to be as.
    private var upheld: [Int: NodeID] = [:]

    /// Whether anything can be checked.
    var isEmpty: Bool { sums.isEmpty && chain == nil }

    var hasChain: Bool { chain != nil }

    /// All on whose word pieces count as right.
    var givers: Set<NodeID> {
        Set(sums.values.map(\.giver)).union(chain.map { [$0.giver] } ?? [])
    }

    mutating func learn(_ sum: PieceSum, of piece: Int, from giver: NodeID, origin: NodeID?) {
        guard !distrusted.contains(giver) else { return }
        if let known = sums[piece] {
            if known.sum != sum { sums[piece]?.isContested = true }
            return
        }
        sums[piece] = Sum(sum: sum, giver: giver, origin: origin)
    }

    /// - Returns: whether the chain is taken up.
    mutating func learn(_ new: HashChain, from giver: NodeID) -> Bool {
        guard chain == nil, new.isComplete, !distrusted.contains(giver) else { return false }
        chain = (new, giver)
        return true
    }

    /// By what a piece can be checked.
    func claim(of piece: Int) -> Claim? {
        if let chain, let link = chain.value.link(of: piece) {
            return Claim(proof: .link(link), giver: chain.giver, origin: nil)
        }
        guard let sum = sums[piece], !sum.isContested else { return nil }
        return Claim(proof: .sum(sum.sum), giver: sum.giver, origin: sum.origin)
    }

    /// A piece that these peers wrote is not what was claimed.
    /// - Returns: who is to be believed again, because the claim is what is wrong; nil where the peers seem to be.
    mutating func contradicted(_ piece: Int, by writers: Set<NodeID>, _ claim: Claim) -> Set<NodeID>? {
        var accused = self.accused[piece] ?? [:]
        let isSecond = accused.keys.contains { !writers.contains($0) && accused[$0] == claim.giver }
        for writer in writers { accused[writer] = claim.giver }
        if writers.count == 1 { soleWriters[piece, default: []].formUnion(writers) }
        self.accused[piece] = accused
        // Whoever wrote what was claimed by itself contradicts itself.
        guard isSecond, !writers.contains(claim.giver) else { return nil }
        return forget(claim.giver)
    }

    private mutating func forget(_ giver: NodeID) -> Set<NodeID> {
        distrusted.insert(giver)
        sums = sums.filter { $0.value.giver != giver }
        if chain?.giver == giver { chain = nil }
        var cleared: Set<NodeID> = []
        for piece in accused.keys {
            let wrongly = accused[piece, default: [:]].filter { $0.value == giver }.keys
            cleared.formUnion(wrongly)
            for node in wrongly { accused[piece]?[node] = nil }
        }
        return cleared.subtracting([giver])
    }

    /// The bytes of a piece are what was claimed of them.
    mutating func uphold(_ claim: Claim, of piece: Int) {
        upheld[piece] = claim.giver
    }

    /// Those who contradicted what has turned out to be right, for the whole digest is. A claim by which no bytes were taken proves
    /// nothing against those who contradicted it.
    /// - Parameter isAsClaimed: whether a piece's bytes still are those that were taken by a claim.
    func convicted(where isAsClaimed: (Int) -> Bool) -> Set<NodeID> {
        var convicted: Set<NodeID> = []
        for (piece, writers) in accused {
            guard let giver = upheld[piece], isAsClaimed(piece) else { continue }
            convicted.formUnion(
                writers.filter { $0.value == giver }.keys.filter { soleWriters[piece]?.contains($0) == true })
        }
        return convicted
    }
}
