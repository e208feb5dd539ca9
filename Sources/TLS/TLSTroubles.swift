public import Logging
import Synchronization

/// With whom no trust came about lately: told in the log once in a while, and in the status for as long as it lasts.
///
/// Anybody on the LAN can get into it, so it is bounded: one of a kind for each address, and where there are too many the one that was
/// not seen for longest goes.
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
        var kind: TLSTrouble.Kind
    }

    private struct Entry {
        /// As it was last.
        var trouble: TLSTrouble
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
        let key = Key(address: address, kind: trouble.kind)
        let isToBeTold = entries.withLock { entries in
            if let known = entries[key] {
                let isDue = now - known.told >= Self.silence
                entries[key] = Entry(trouble: trouble, seen: now, told: isDue ? now : known.told)
                return isDue
            }
            if entries.count >= Self.limit, let oldest = entries.min(by: { $0.value.seen < $1.value.seen }) {
                entries[oldest.key] = nil
            }
            entries[key] = Entry(trouble: trouble, seen: now, told: now)
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
        let present = entries.withLock { $0.filter { now - $0.value.seen < Self.memory } }
        let sentences = present.map { "\($0.key.address) \($0.value.trouble): \($0.value.trouble.mend)" }.sorted()
        guard sentences.count > Self.named else { return sentences }
        return Array(sentences.prefix(Self.named))
            + ["so it is with \(sentences.count - Self.named) more, of which the log tells"]
    }
}
