import OCI

/// How long the blob is, and what becomes of the bytes where that was told wrongly.
///
/// Only the digest settles it. Until then upstream's answer counts more than what manifests and peers claim, and every new attempt
/// asks anew: what a source said wrongly once must not stick to the blob for as long as somebody wants it.
extension DownloadPlan {
    /// Whether a blob may have as many bytes as somebody says. What is reckoned with such sizes fits its integers and memory.
    static func isPossible(_ size: Int64) -> Bool { 0..<Descriptor.largestSize ~= size }

    /// Whether others' word is enough for a blob to have so many bytes. What is kept of each piece, and of who has which, is bounded by it.
    static func isCredible(_ size: Int64) -> Bool { 0...(1 << 38) ~= size }

    /// Whether what others say of the size is to be believed: not where it has led upstream to a range that it does not have.
    var believesClaims: Bool { !distrustsClaims || !canAskUpstream }

    /// The size as far as a new reader may rely on it: none once the download has failed, perhaps over a wrong one.
    var currentSize: Int64? {
        if case .failed = phase { return nil }
        return size
    }

    static func pieces(of size: Int64) -> Int {
        Int((size + pieceSize - 1) / pieceSize)
    }

    /// Empty for a piece behind the end, as there may be in answers to what was asked when the blob was thought to be longer.
    func range(of piece: Int, size: Int64) -> Range<Int64> {
        let start = min(Int64(piece) * Self.pieceSize, size)
        return start..<min(size, start + Self.pieceSize)
    }

    /// Somebody has said what the size is.
    mutating func learnSize(_ told: Int64, isUpstreams: Bool) {
        if let former = size ?? formerSize, former != told { dropAllBytes() }
        formerSize = nil
        size = told
        sizeIsUpstreams = isUpstreams
    }

    /// A new attempt begins. The bytes stay, and count again when the next answer tells the size that they came with.
    mutating func doubtSize() {
        formerSize = size ?? formerSize
        size = nil
        sizeIsUpstreams = false
    }

    /// Where upstream is asked from while the size is not known: where the bytes that are here end, if they are to be kept.
    var upstreamStart: Int64 {
        guard let formerSize, !ignoresRanges else { return 0 }
        return max(0, min(front, formerSize - 1))
    }

    /// Upstream has no such range. Where the bytes that are here, or what others claim, led to expect it, that was of a wrong size.
    /// - Returns: whether that was so, and upstream is to be asked from the front.
    mutating func restartsWithoutRange(of run: Run) -> Bool {
        guard !run.opened, run.position > 0 else { return false }
        if size == nil {
            guard formerSize != nil else { return false }
        } else {
            guard !sizeIsUpstreams, !distrustsClaims else { return false }
            distrustsClaims = true
        }
        dropAllBytes()
        formerSize = nil
        size = nil
        return true
    }

    private mutating func dropAllBytes() {
        dropPeersBytes()
        present.removeAll()
        beginLogAnew()
        leaveSwarm()
        // What is under way was begun for places that the blob may not have.
        for id in runs.keys { runs[id]?.cancelled = true }
    }
}
