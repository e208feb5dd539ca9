public import Logging
import Synchronization

/// With whom no trust came about lately: told in the log once in a while, and in the status for as long as it lasts.
///
/// Anybody on the LAN can get into it, so it is bounded.
public final class TLSTroubles: Sendable {
    public typealias Instant = ContinuousClock.Instant

    /// For so long after it was seen last a trouble is there.
    static let memory: Duration = .seconds(120)
    /// For so long the same is not logged again.
    static let silence: Duration = .seconds(600)
    static let limit = 64
    /// How many the status names.
    static let named = 8

    private struct Key: Hashable {
        var address: String
        var trouble: TLSTrouble
    }

    private struct Entry {
        var seen: Instant
        var told: Instant
    }

    private let logger: Logger
    private let entries = Mutex<[Key: Entry]>([:])

    public init(logger: Logger) {
        self.logger = logger
    }

    /// - Parameter address: an IP address; nil where nobody knows it.
    public func note(_ trouble: TLSTrouble, at address: String?) {
        note(trouble, at: address ?? "unknown", now: .now)
    }

    func note(_ trouble: TLSTrouble, at address: String, now: Instant) {
        let key = Key(address: address, trouble: trouble)
        let isToBeTold = entries.withLock { entries in
            if let known = entries[key] {
                let isDue = now - known.told >= Self.silence
                entries[key] = Entry(seen: now, told: isDue ? now : known.told)
                return isDue
            }
            if entries.count >= Self.limit { entries = entries.filter { now - $0.value.told < Self.silence } }
            guard entries.count < Self.limit else { return false }
            entries[key] = Entry(seen: now, told: now)
            return true
        }
        guard isToBeTold else { return }
        logger.warning(
            "no trust between this node and another over TLS: it \(trouble)",
            metadata: ["from": "\(address)", "mend": "\(trouble.mend)"])
    }

    /// A sentence for each trouble that is there now.
    public var warnings: [String] { warnings(now: .now) }

    func warnings(now: Instant) -> [String] {
        let present = entries.withLock { $0.filter { now - $0.value.seen < Self.memory }.map(\.key) }
        let sentences = present.map { "\($0.address) \($0.trouble): \($0.trouble.mend)" }.sorted()
        guard sentences.count > Self.named else { return sentences }
        return Array(sentences.prefix(Self.named))
            + ["so it is with \(sentences.count - Self.named) more, of which the log tells"]
    }
}
