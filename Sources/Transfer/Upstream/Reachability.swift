import OCI

/// Which registries could not be reached lately, so that pulls do not wait for each of them again and again.
///
/// A value; the time is a parameter.
struct Reachability: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// For so long a registry that could not be reached is not asked.
    static let rest: Duration = .seconds(30)
    /// A registry that answered so lately is slow, not away, when one answer is late.
    static let trust: Duration = .seconds(60)
    private static let limit = 1000

    private struct Record {
        var failed: Instant?
        var answered: Instant?
    }

    private var records: [RegistryName: Record] = [:]

    func isKnownUnreachable(_ registry: RegistryName, now: Instant) -> Bool {
        guard let failed = records[registry]?.failed else { return false }
        return failed.duration(to: now) < Self.rest
    }

    mutating func answered(_ registry: RegistryName, now: Instant) {
        makeRoom()
        records[registry] = Record(failed: nil, answered: now)
    }

    /// No connection came about.
    mutating func failed(_ registry: RegistryName, now: Instant) {
        makeRoom()
        records[registry, default: Record()].failed = now
    }

    /// A connection was there, but no answer came in time.
    mutating func wasLate(_ registry: RegistryName, now: Instant) {
        if let answered = records[registry]?.answered, answered.duration(to: now) < Self.trust { return }
        failed(registry, now: now)
    }

    private mutating func makeRoom() {
        if records.count >= Self.limit { records.removeAll() }
    }
}
