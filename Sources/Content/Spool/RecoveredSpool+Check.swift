public import Integrity

extension RecoveredSpool {
    /// Reads pieces again, and says which of them are there as they were noted, in ascending order.
    ///
    /// A sum is checked alone. A state is checked by hashing on from the state that was noted for the piece before, so that the pieces
    /// of the blob's front are checked beside each other. Blocks for as long as reading and hashing take: for a thread of a pool.
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
        let sound = candidates.filter { piece in
            guard case .sum(let sum) = piece.check, !isCancelled() else { return false }
            return (try? file.sum(of: Self.bytes(of: piece.piece, size: size))) == sum
        }
        return (sound + linked(candidates, in: file, size: size, isCancelled)).sorted { $0.piece < $1.piece }
    }

    /// Those whose bytes lead from the state before them to the one after them: all at once, as lanes.
    private func linked(
        _ candidates: [SpooledPiece], in file: SpoolFile, size: Int64, _ isCancelled: () -> Bool
    ) -> [SpooledPiece] {
        var links: [(piece: SpooledPiece, end: SHA256State, job: LaneJob)] = []
        for piece in candidates {
            let bytes = Self.bytes(of: piece.piece, size: size)
            // There is no state in mid-message behind a piece that is not whole.
            guard case .state(let end) = piece.check, bytes.count == HashChain.pieceSize,
                let start = state(before: piece.piece)
            else { continue }
            let job = LaneJob(from: start, length: HashChain.pieceSize) { offset, buffer in
                try file.readFully(into: buffer, at: bytes.lowerBound + offset)
            }
            links.append((piece, end, job))
        }
        guard !links.isEmpty else { return [] }
        let results = LaneHasher().run(links.map(\.job), isCancelled: isCancelled)
        return zip(links, results).compactMap { link, result in
            (try? result.get().end) == link.end ? link.piece : nil
        }
    }

    private func state(before number: Int) -> SHA256State? {
        guard number > 0 else { return .initial }
        guard case .state(let state) = piece(number - 1)?.check else { return nil }
        return state
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
