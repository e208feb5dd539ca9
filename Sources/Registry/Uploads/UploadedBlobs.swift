import OCI

/// Blobs that clients have brought lately: a value without I/O. Bounded: what came longest ago goes first.
struct UploadedBlobs: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// Between a blob and the manifest that names it lies the rest of a push.
    static let validity: Duration = .seconds(24 * 60 * 60)
    static let limit = 16_384

    private var times: [Digest: Instant] = [:]
    private let limit: Int

    init(limit: Int = Self.limit) {
        self.limit = limit
    }

    mutating func insert(_ digest: Digest, now: Instant) {
        times[digest] = now
        guard times.count > limit else { return }
        times = times.filter { now - $0.value < Self.validity }
        guard times.count > limit else { return }
        // A tenth at once, so that a full table is not sorted for every newcomer.
        for (digest, _) in times.sorted(by: { $0.value < $1.value }).prefix(max(1, limit / 10)) { times[digest] = nil }
    }

    func contains(_ digest: Digest, now: Instant) -> Bool {
        times[digest].map { now - $0 < Self.validity } ?? false
    }
}
