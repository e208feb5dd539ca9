public import Integrity

/// Checks pieces of a file against the chain of the blob that it is to become, as many at once as the processor has lanes.
///
/// A chain from a peer is a claim. Where it is honest, a piece that does not hold its link is damaged; where it is forged, the
/// first piece that is not the forger's breaks: so a broken link says that the piece and the chain do not belong together, and
/// not which of the two is wrong. All links holding is the same statement as the digest matching.
public struct ChainCheck: Sendable {
    /// What is known of a piece.
    public enum Verdict: Hashable, Sendable {
        /// It leads from the state before it to the one after it.
        case holds
        /// It leads from the state before it to another one, this.
        case breaks(SHA256State)
        /// The chain does not reach around it yet.
        case isNotCovered
    }

    /// What pieces are checked against.
    public var chain: HashChain
    private let read: @Sendable (Int64, UnsafeMutableRawBufferPointer) throws -> Int

    /// Of a blob that is arriving. Pieces that are checked must have been written.
    public init(_ chain: HashChain, of spool: SpoolFile) {
        self.init(chain, of: spool.file)
    }

    /// Of a file that is the blob.
    public init(_ chain: HashChain, of file: OpenFile) {
        self.chain = chain
        read = { offset, buffer in try file.read(into: buffer, at: offset) }
    }

    /// Checks pieces. Blocks for as long as reading and hashing take: it belongs on a thread for that.
    ///
    /// - Parameters:
    ///   - pieces: their numbers, in any order. More at once keep more lanes busy: ``LaneHasher/width`` says how many.
    ///   - isCancelled: asked now and then.
    /// - Returns: What became of each, in their order.
    /// - Throws: Where a piece cannot be read: the error says nothing about its bytes. `CancellationError`.
    public func verdicts(
        on pieces: [Int], isCancelled: () -> Bool = { false }
    ) throws -> [Verdict] {
        let links = pieces.map { chain.link(of: $0) }
        let jobs = zip(pieces, links).compactMap { piece, link in link.map { job(for: piece, $0) } }
        var ends = LaneHasher().run(jobs, isCancelled: isCancelled).makeIterator()
        return try links.map { link in
            guard let link else { return .isNotCovered }
            guard let end = try ends.next()?.get().end else { throw CancellationError() }
            return end == link.end ? .holds : .breaks(end)
        }
    }

    private func job(for piece: Int, _ link: HashChain.Link) -> LaneJob {
        let range = chain.range(of: piece)
        return LaneJob(
            from: link.start, length: range.upperBound - range.lowerBound, messageLength: link.messageLength
        ) { [read] offset, buffer in
            var filled = 0
            while filled < buffer.count {
                let position = range.lowerBound + offset + Int64(filled)
                let count = try read(position, UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
                guard count > 0 else {
                    throw ContentError(.sizeMismatch, "the file ends at \(position), within piece \(piece)")
                }
                filled += count
            }
        }
    }
}
