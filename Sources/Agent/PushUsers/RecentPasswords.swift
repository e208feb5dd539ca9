/// What was right a short while ago, so that each of a push's thousand requests does not cost a hash of its own.
///
/// What is kept is a code of user, password and hash under a key of this process, and no password. A user whose line in the file
/// changes has another code.
struct RecentPasswords: Sendable {
    typealias Code = [UInt8]

    /// As many users and machines as push at a time.
    static let capacity = 256
    /// From when it was looked at on.
    static let lifetime: Duration = .seconds(300)

    private var known: [Code: ContinuousClock.Instant] = [:]

    /// Whether it was right.
    func contains(_ code: Code, at now: ContinuousClock.Instant) -> Bool {
        known[code].map { now - $0 < Self.lifetime } ?? false
    }

    /// It is right. Forgets what is too old, or the oldest.
    mutating func insert(_ code: Code, at now: ContinuousClock.Instant) {
        if known.count >= Self.capacity { known = known.filter { now - $0.value < Self.lifetime } }
        if known.count >= Self.capacity, let oldest = known.min(by: { $0.value < $1.value }) { known[oldest.key] = nil }
        known[code] = now
    }

    var count: Int { known.count }
}
