/// Which pieces of a blob are damaged, in words.
enum PieceNumbers {
    /// More than so many runs of pieces are not named.
    private static let limit = 16

    /// Nothing where there are none; else such as `; damaged: pieces 0, 3-5 of 12 (4 MiB each, counted from 0)`.
    /// - Parameter pieces: sorted.
    static func text(_ pieces: [Int], of count: Int) -> String {
        var runs: [ClosedRange<Int>] = []
        for piece in pieces {
            if let last = runs.last, last.upperBound == piece - 1 {
                runs[runs.count - 1] = last.lowerBound...piece
            } else {
                runs.append(piece...piece)
            }
        }
        guard !runs.isEmpty else { return "" }
        var names = runs.prefix(limit).map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
        if runs.count > limit { names.append("and more") }
        let noun = pieces.count == 1 ? "piece" : "pieces"
        return "; damaged: \(noun) \(names.joined(separator: ", ")) of \(count) (4 MiB each, counted from 0)"
    }
}
