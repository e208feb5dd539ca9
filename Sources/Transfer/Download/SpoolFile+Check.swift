import Content
import Integrity

extension SpoolFile {
    /// Hashes pieces that have been written; those that have to hold a link side by side. Blocks: call it on a thread pool.
    /// - Returns: one for each; nil for what cannot be read.
    func check(_ pieces: [PieceCheck]) -> [PieceFinding?] {
        var findings = [PieceFinding?](repeating: nil, count: pieces.count)
        var links: [(index: Int, link: HashChain.Link)] = []
        for (index, piece) in pieces.enumerated() {
            switch piece.proof {
            case .none, .sum:
                let sum = try? PieceSum(length: Int64(piece.range.count), read: reader(of: piece.range))
                findings[index] = sum.map(PieceFinding.sum)
            case .link(let link): links.append((index, link))
            }
        }
        let jobs = links.map { index, link in
            let range = pieces[index].range
            return LaneJob(
                from: link.start, length: Int64(range.count), messageLength: link.messageLength, read: reader(of: range)
            )
        }
        for ((index, link), result) in zip(links, LaneHasher().run(jobs)) {
            if case .success(let outcome) = result { findings[index] = .link(holds: outcome.end == link.end) }
        }
        return findings
    }

    private func reader(of range: Range<Int64>) -> LaneJob.Reader {
        { [self] offset, buffer in
            guard try read(into: buffer, at: range.lowerBound + offset) == buffer.count else {
                throw FetchError(.damaged, "the spool file ends before bytes that were written to it")
            }
        }
    }
}
