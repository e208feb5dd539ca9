import Content
import Integrity

extension SpoolFile {
    /// Hashes a piece that has been written. Blocks: call it on a thread pool.
    func check(_ range: Range<Int64>, by proof: PieceProof) throws -> PieceFinding {
        let length = range.upperBound - range.lowerBound
        let read: LaneJob.Reader = { offset, buffer in
            guard try self.read(into: buffer, at: range.lowerBound + offset) == buffer.count else {
                throw FetchError(.damaged, "the spool file ends before bytes that were written to it")
            }
        }
        switch proof {
        case .none, .sum: return .sum(try PieceSum(length: length, read: read))
        case .link(let link):
            let job = LaneJob(from: link.start, length: length, messageLength: link.messageLength, read: read)
            guard let result = LaneHasher().run([job]).first else { return .link(holds: false) }
            return .link(holds: try result.get().end == link.end)
        }
    }
}
