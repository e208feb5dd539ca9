import OCI

/// Which of Shoal's own blobs need not be kept, because the runtime keeps them. A value: what it looks at is told to it.
///
/// - A blob goes when the runtime will keep its own copy for as long as it has the image.
/// - A manifest stays for as long as anything that it names stays: it tells what that belongs to. Where the runtime discards the layers that
///   it has unpacked, its own labels tell of them no more.
/// - A manifest stays for as long as a name leads to it that the runtime does not have: podman may know it as something else.
struct RetentionPlan {
    /// Whether the runtime holds the blob and keeps it.
    var isKept: (Digest) -> Bool
    /// Whether Shoal's own store holds the blob.
    var isHeld: (Digest) -> Bool
    /// What a manifest in Shoal's own store names.
    var children: (Digest) -> [Digest]
    /// The names that Shoal's own store has for a manifest.
    var names: (Digest) -> [ImageReference]
    /// What a name means to the runtime.
    var meaning: (ImageReference) -> Digest?

    /// Whether a blob may go now.
    func mayGo(_ digest: Digest) -> Bool {
        isKept(digest) && !children(digest).contains(where: isHeld) && areNamesKnown(digest)
    }

    /// What may go once all before it in the list is gone: what is named comes before what names it.
    func redundant(among blobs: [Digest]) -> [Digest] {
        var verdicts: [Digest: Bool] = [:]
        var order: [Digest] = []
        for blob in blobs { _ = judge(blob, &verdicts, &order) }
        return order
    }

    private func judge(_ digest: Digest, _ verdicts: inout [Digest: Bool], _ order: inout [Digest]) -> Bool {
        if let verdict = verdicts[digest] { return verdict }
        // Digests make circles impossible; only a forged graph could have one, and it stays.
        verdicts[digest] = false
        guard isHeld(digest), isKept(digest), areNamesKnown(digest) else { return false }
        var isFree = true
        for child in children(digest) where isHeld(child) {
            if !judge(child, &verdicts, &order) { isFree = false }
        }
        verdicts[digest] = isFree
        if isFree { order.append(digest) }
        return isFree
    }

    private func areNamesKnown(_ digest: Digest) -> Bool {
        names(digest).allSatisfy { meaning($0) == digest }
    }
}
