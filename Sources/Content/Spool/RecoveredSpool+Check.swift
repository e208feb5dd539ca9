public import Integrity

extension RecoveredSpool {
    /// Reads pieces again, and says which of them are there as they were noted, in ascending order.
    ///
    /// A piece whose state is noted is checked by hashing on from the state that was noted for the piece before, so that the pieces of
    /// the blob's front are checked beside each other; where that cannot be done, or fails, by its sum, and it has no state then. Blocks for as long as reading
    /// and hashing take: for a thread of a pool.
    /// - Parameters:
    ///   - file: the spool file that gave this.
    ///   - size: of the blob, as the caller knows it now: pieces behind it, and a last one of another length, are none.
    ///   - range: of the pieces that are to be looked at, for callers that want to go on with some before all are read.
    ///   - isCancelled: asked now and then; what has not been read by then counts as missing.
    public func soundPieces(
        in file: SpoolFile, size: Int64, among range: Range<Int> = 0..<(.max), isCancelled: () -> Bool = { false }
    ) -> [SpooledPiece] {
        let count = size > 0 ? (size - 1) / HashChain.pieceSize + 1 : 0
        let candidates = pieces.filter { range.contains($0.piece) && $0.piece < count }
        let linked = linked(candidates, in: file, size: size, isCancelled)
        return candidates.compactMap { candidate in
            if linked.contains(candidate.piece) { return candidate }
            guard let sum = candidate.sum, !isCancelled(),
                (try? file.sum(of: Self.bytes(of: candidate.piece, size: size))) == sum
            else { return nil }
            var sound = candidate
            sound.state = nil
            return sound
        }
    }

    /// Those whose bytes lead from the state before them to the one after them: all at once, as lanes.
    private func linked(
        _ candidates: [SpooledPiece], in file: SpoolFile, size: Int64, _ isCancelled: () -> Bool
    ) -> Set<Int> {
        var links: [(piece: Int, end: SHA256State)] = []
        var jobs: [LaneJob] = []
        for candidate in candidates {
            let bytes = Self.bytes(of: candidate.piece, size: size)
            // There is no state in mid-message behind a piece that is not whole.
            guard let end = candidate.state, bytes.count == HashChain.pieceSize,
                let start = candidate.piece == 0 ? .initial : piece(candidate.piece - 1)?.state
            else { continue }
            links.append((candidate.piece, end))
            jobs.append(
                LaneJob(from: start, length: HashChain.pieceSize) { offset, buffer in
                    try file.readFully(into: buffer, at: bytes.lowerBound + offset)
                })
        }
        guard !jobs.isEmpty else { return [] }
        let results = LaneHasher().run(jobs, isCancelled: isCancelled)
        return Set(zip(links, results).filter { link, result in (try? result.get().end) == link.end }.map(\.0.piece))
    }

    private static func bytes(of piece: Int, size: Int64) -> Range<Int64> {
        let start = Int64(piece) * HashChain.pieceSize
        return start..<min(size, start + HashChain.pieceSize)
    }
}

extension SpoolFile {
    /// The checksum of a piece as it stands in the file. Blocks for as long as reading and hashing take.
    /// - Parameter range: of the piece, in the blob.
    /// - Throws: ``ContentError`` where not all of its bytes are there.
    public func sum(of range: Range<Int64>) throws -> PieceSum {
        try PieceSum(length: Int64(range.count)) { offset, buffer in
            try self.readFully(into: buffer, at: range.lowerBound + offset)
        }
    }

    /// Fills a buffer with the bytes from an offset on.
    func readFully(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(ContentError) {
        var filled = 0
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let count = try read(into: rest, at: offset + Int64(filled))
            guard count > 0 else {
                throw ContentError(
                    .io, "\(path) ends at \(offset + Int64(filled)), before bytes that were noted as there")
            }
            filled += count
        }
    }
}
