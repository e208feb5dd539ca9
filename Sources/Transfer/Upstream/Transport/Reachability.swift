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
    /// A probe that nobody heard of for so long is lost.
    static let longestProbe: Duration = .seconds(60)
    static let limit = 1000

    private struct Record {
        var failed: Instant?
        var answered: Instant?
        /// When bytes of a body came last.
        var heard: Instant?
        /// Late answers since the last one that was in time.
        var lates = 0
        /// Since when somebody has been trying whether it is there again.
        var probing: Instant?
    }

    private var records: [RegistryName: Record] = [:]

    /// Whether a request would be refused now.
    func isKnownUnreachable(_ registry: RegistryName, now: Instant) -> Bool {
        guard let record = records[registry], let failed = record.failed else { return false }
        if failed.duration(to: now) < Self.rest { return true }
        return record.probing.map { $0.duration(to: now) < Self.longestProbe } ?? false
    }

    /// Whether a request may go out. After the rest one may, the others wait for what becomes of it.
    ///
    /// Each admission is followed by one of ``answered(_:now:)``, ``failed(_:now:)``, ``wasLate(_:now:)`` and ``gaveUp(_:)``.
    mutating func admit(_ registry: RegistryName, now: Instant) -> Bool {
        guard !isKnownUnreachable(registry, now: now) else { return false }
        if records[registry]?.failed != nil { records[registry]?.probing = now }
        return true
    }

    mutating func answered(_ registry: RegistryName, now: Instant) {
        makeRoom(for: registry)
        records[registry] = Record(answered: now, heard: records[registry]?.heard)
    }

    /// Bytes of a body have come.
    /// - Parameter isFromAsked: from the registry itself, and not from where it redirected to, which does not tell whether it is there.
    mutating func heard(_ registry: RegistryName, isFromAsked: Bool, now: Instant) {
        makeRoom(for: registry)
        if isFromAsked { records[registry] = Record(answered: now) }
        records[registry, default: Record()].heard = now
    }

    /// No connection came about: somebody said no, or there is no way.
    mutating func failed(_ registry: RegistryName, now: Instant) {
        makeRoom(for: registry)
        records[registry, default: Record()].failed = now
        records[registry]?.probing = nil
    }

    /// No answer, or no connection, came in time. Once that is slowness, where it has answered lately; twice it is away. Where bytes
    /// came lately it is slowness however often: they fill the line, and requests beside them are late together.
    mutating func wasLate(_ registry: RegistryName, now: Instant) {
        if let record = records[registry], record.failed == nil,
            let heard = record.heard, heard.duration(to: now) < Self.trust
        {
            return
        }
        if let record = records[registry], record.failed == nil, record.lates == 0,
            let answered = record.answered, answered.duration(to: now) < Self.trust
        {
            records[registry]?.lates = 1
            return
        }
        failed(registry, now: now)
    }

    /// The request ended without a word about whether the registry is there.
    mutating func gaveUp(_ registry: RegistryName) {
        records[registry]?.probing = nil
    }

    private mutating func makeRoom(for registry: RegistryName) {
        if records.count >= Self.limit, records[registry] == nil { records.removeAll() }
    }
}
