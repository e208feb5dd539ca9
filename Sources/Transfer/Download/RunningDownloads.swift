import OCI

/// The downloads that run, by blob and by whom upstream is asked as. A value without I/O.
struct RunningDownloads: Sendable {
    private var byDigest: [Digest: [UpstreamIdentity: Download]] = [:]
    /// How many there are.
    private(set) var count = 0

    var all: [Download] { byDigest.values.flatMap(\.values) }

    /// Those of one blob, this node's own first.
    func of(_ digest: Digest) -> [Download] {
        guard let downloads = byDigest[digest] else { return [] }
        guard downloads.count > 1, let own = downloads[.node] else { return Array(downloads.values) }
        return [own] + downloads.values.filter { $0 !== own }
    }

    subscript(digest: Digest, identity: UpstreamIdentity) -> Download? {
        get { byDigest[digest]?[identity] }
        set {
            let old = byDigest[digest, default: [:]].removeValue(forKey: identity)
            if let newValue { byDigest[digest, default: [:]][identity] = newValue }
            if byDigest[digest]?.isEmpty == true { byDigest[digest] = nil }
            count += (newValue == nil ? 0 : 1) - (old == nil ? 0 : 1)
        }
    }
}
