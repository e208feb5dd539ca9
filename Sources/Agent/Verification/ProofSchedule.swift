import Content
import OCI

/// Decides what the background reads next: what is held back, then what nobody has hashed here, most asked for first, then what
/// was hashed longest ago, spread over the period of the scrub. A value without I/O; times are parameters.
struct ProofSchedule: Sendable {
    /// How many blobs are handed out at once; what is asked for meanwhile waits for so many at most.
    static let batch = 16
    /// How many digests are known to be asked for. Whoever asks may be a stranger.
    static let askedLimit = 4096
    /// A blob costs as much as so many bytes at least.
    private static let leastCost: Int64 = 4096

    /// What to do next.
    enum Step: Equatable {
        /// Somebody would be offered these if they were right.
        case release([ProofItem])
        /// These were never hashed here.
        case prove([ProofItem])
        /// These were, and are due again.
        case scrub([ProofItem])
        case rest
    }

    /// In seconds; nil: blobs are not read again once they are proven.
    let period: Int64?
    private var asked: [Digest: Int] = [:]
    private var refused: [ProofItemID: ContinuousClock.Instant] = [:]
    /// How many bytes may be read again by now, so that it is even over the period.
    private var credit = 0.0
    private var credited: ContinuousClock.Instant

    init(period: Int64?, now: ContinuousClock.Instant) {
        self.period = period
        credited = now
    }

    /// Somebody wants a blob, or would take it if it were proven.
    mutating func ask(for digest: Digest) {
        asked[digest, default: 0] += 1
        guard asked.count > Self.askedLimit else { return }
        // What was asked for most stays; the rest may come again.
        asked = asked.compactMapValues { $0 > 1 ? $0 / 2 : nil }
        if asked.count > Self.askedLimit / 2 { asked.removeAll() }
    }

    /// A blob could not be read: it is left alone for a while.
    mutating func refuse(_ item: ProofItemID, until later: ContinuousClock.Instant) {
        refused[item] = later
    }

    /// - Parameter time: seconds since 1970, by which proofs are dated.
    mutating func next(among items: [ProofItem], now: ContinuousClock.Instant, time: Int64) -> Step {
        refused = refused.filter { $0.value > now }
        let items = refused.isEmpty ? items : items.filter { refused[$0.id] == nil }
        let heldBack = items.filter(\.blob.isHeldBack)
        if !heldBack.isEmpty {
            // What is small is released at once.
            return .release(Array(heldBack.sorted { $0.blob.size < $1.blob.size }.prefix(Self.batch)))
        }
        let unproven = items.filter { $0.blob.provenAt == nil }
        if !unproven.isEmpty { return .prove(mostAskedFor(unproven)) }
        asked.removeAll()
        let due = due(items, now: now, time: time)
        return due.isEmpty ? .rest : .scrub(due)
    }

    private func mostAskedFor(_ items: [ProofItem]) -> [ProofItem] {
        let ordered = items.sorted { left, right in
            let (wishes, others) = (asked[left.blob.digest] ?? 0, asked[right.blob.digest] ?? 0)
            return wishes != others ? wishes > others : left.blob.size < right.blob.size
        }
        return Array(ordered.prefix(Self.batch))
    }

    /// The blobs hashed longest ago that the period's even pace allows, and those that are older than the period.
    private mutating func due(_ items: [ProofItem], now: ContinuousClock.Instant, time: Int64) -> [ProofItem] {
        guard let period, !items.isEmpty else { return [] }
        let total = items.reduce(0.0) { $0 + Self.cost($1) }
        let elapsed = credited.duration(to: now) / .seconds(1)
        credited = now
        // At most what all of them cost: a disk that was busy for days is not made up for at once.
        credit = min(total, credit + total * elapsed / Double(period))
        var due: [ProofItem] = []
        for item in items.sorted(by: { ($0.blob.provenAt ?? 0) < ($1.blob.provenAt ?? 0) }).prefix(Self.batch) {
            let isOverdue = time - (item.blob.provenAt ?? 0) >= period
            guard isOverdue || credit >= Self.cost(item) else { break }
            credit = max(0, credit - Self.cost(item))
            due.append(item)
        }
        return due
    }

    private static func cost(_ item: ProofItem) -> Double { Double(max(item.blob.size, leastCost)) }
}
