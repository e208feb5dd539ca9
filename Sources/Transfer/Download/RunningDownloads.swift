import OCI

/// The downloads that run, by blob. There is one for each whom upstream is asked as, and for each registry: what one registry gives is no
/// answer to who wants another's, and any registry can say of any digest that it has it. A value without I/O.
struct RunningDownloads: Sendable {
    private var byDigest: [Digest: [Download]] = [:]
    /// How many there are.
    private(set) var count = 0

    var all: [Download] { byDigest.values.flatMap(\.self) }

    /// Those of one blob, this node's own first.
    func of(_ digest: Digest) -> [Download] {
        guard let downloads = byDigest[digest] else { return [] }
        return downloads.filter { $0.identity == .node } + downloads.filter { $0.identity != .node }
    }

    /// Those that a question may be answered from, the oldest first.
    func answering(_ question: BlobQuestion) -> [Download] {
        byDigest[question.digest, default: []].filter {
            $0.identity == question.identity && $0.asks(question.origin?.registry)
        }
    }

    func contains(_ download: Download) -> Bool {
        byDigest[download.digest]?.contains { $0 === download } == true
    }

    mutating func insert(_ download: Download) {
        byDigest[download.digest, default: []].append(download)
        count += 1
    }

    mutating func remove(_ download: Download) {
        guard let index = byDigest[download.digest]?.firstIndex(where: { $0 === download }) else { return }
        byDigest[download.digest]?.remove(at: index)
        if byDigest[download.digest]?.isEmpty == true { byDigest[download.digest] = nil }
        count -= 1
    }
}
