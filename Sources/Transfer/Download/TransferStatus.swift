public import OCI

/// A download under way, for people to look at.
public struct TransferStatus: Sendable, Equatable {
    public var digest: Digest
    /// Nil until a source has said it.
    public var size: Int64?
    /// Bytes that are here, verified or not.
    public var present: Int64
    /// The pieces (of 4 MiB) that are here whole; nil while the size is not known.
    public var pieces: PieceSet?
    public var readers: Int
    /// Where the bytes came from so far.
    public var bytes: SourceBytes
    /// Bytes a second, lately.
    public var rate: Int64
    public var seconds: Double
}

/// How fast something has grown lately. A value: time is counted in ticks.
struct RecentRate: Sendable {
    private var total: Int64 = 0
    /// In a second.
    private(set) var value = 0.0

    /// - Parameters:
    ///   - now: what it has grown to.
    ///   - tick: the time since the last call.
    mutating func grew(to now: Int64, in tick: Duration) {
        value = 0.75 * value + 0.25 * Double(now - total) / (tick / .seconds(1))
        total = now
    }
}
