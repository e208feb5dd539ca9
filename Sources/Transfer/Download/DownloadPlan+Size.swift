import OCI

/// How long the blob is, and what becomes of the bytes where that was told wrongly.
///
/// Only the digest settles it. Until then upstream's answer counts more than what manifests and peers claim, and every new attempt
/// asks anew: what a source said wrongly once must not stick to the blob for as long as somebody wants it.
extension DownloadPlan {
    /// Whether a blob may have as many bytes as somebody says. What is reckoned with such sizes fits its integers and memory.
    static func isPossible(_ size: Int64) -> Bool { 0..<Descriptor.largestSize ~= size }

    /// The size as far as a new reader may rely on it: none once the download has failed, perhaps over a wrong one.
    var currentSize: Int64? {
        if case .failed = phase { return nil }
        return size
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

    /// Upstream has no such range. Where the bytes that are here led to expect it, they came with a wrong size.
    /// - Returns: whether that was so, and upstream is to be asked from the front.
    mutating func restartsWithoutRange(of run: Run) -> Bool {
        guard size == nil, formerSize != nil, !run.opened, run.position > 0 else { return false }
        dropAllBytes()
        formerSize = nil
        return true
    }

    private mutating func dropAllBytes() {
        dropPeersBytes()
        present.removeAll()
        beginLogAnew()
        leaveSwarm()
    }
}
