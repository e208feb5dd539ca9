/// The time before a crash whose files are not to be trusted: the system may not have had all their bytes on the disk.
public struct CrashWindow: Hashable, Sendable, CustomStringConvertible {
    /// How long before its last sign of life the agent's files are doubted too: the kernel writes what is dirty within
    /// half that time.
    static let margin: Int64 = 60_000_000_000

    /// The first moment, in nanoseconds since 1970.
    public var since: Int64
    /// The first moment that is not in it any more.
    public var until: Int64

    /// Makes a window; an empty one where the end comes first.
    public init(since: Int64, until: Int64) {
        self.since = since
        self.until = until
    }

    /// Whether a file that was written last at that time is in doubt.
    public func doubts(_ modified: Int64) -> Bool { since <= modified && modified < until }

    /// Whether a file is in doubt although it was hashed: a proof from before the crash was made of what was in memory.
    func doubts(_ proof: Proof) -> Bool {
        doubts(proof.identity.modified) && proof.at < until / 1_000_000_000
    }

    /// In seconds since 1970, for the log.
    public var description: String { "\(since / 1_000_000_000)..<\(until / 1_000_000_000)" }
}
