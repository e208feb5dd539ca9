import OCI

/// Which private content a registry has lately let whom have: a value without I/O, time is a parameter.
///
/// Bounded, and short-lived: a right that was taken away upstream ends here when the time is over.
struct Confirmations: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// That somebody may have a manifest, or a blob that no manifest is known to name, of a repository. What was said of a blob is no word about
    /// a manifest: any registry can say that it has it.
    struct Entry: Hashable, Sendable {
        var principal: Principal
        var origin: Origin
        var digest: Digest
        var kind: ContentKind
    }

    /// So long upstream's word counts.
    static let validity: Duration = .seconds(300)
    /// More than a node's clients pull within that time.
    static let limit = 8192

    private var ends: [Entry: Instant] = [:]
    private let limit: Int

    init(limit: Int = Self.limit) {
        self.limit = limit
    }

    /// Upstream has said yes. Where there is no room what has ended goes, then what ends first.
    mutating func insert(_ entry: Entry, now: Instant) {
        ends[entry] = now.advanced(by: Self.validity)
        guard ends.count > limit else { return }
        ends = ends.filter { $0.value > now }
        guard ends.count > limit else { return }
        // A tenth at once, so that a full table is not sorted for every newcomer.
        let first = ends.sorted { $0.value < $1.value }.prefix(max(1, limit / 10))
        for (entry, _) in first { ends[entry] = nil }
    }

    /// Upstream has said no.
    mutating func remove(_ entry: Entry) { ends[entry] = nil }

    func contains(_ entry: Entry, now: Instant) -> Bool {
        ends[entry].map { $0 > now } ?? false
    }

    /// When upstream's last yes counts no more, or since when it does not; nil where it is not remembered, or a no came after it.
    func end(_ entry: Entry) -> Instant? { ends[entry] }

    var count: Int { ends.count }
}
