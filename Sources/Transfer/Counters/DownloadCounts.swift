/// What became of a download.
public enum DownloadOutcome: String, Sendable, CaseIterable {
    /// The blob is verified and in the store.
    case stored
    /// It is verified, and the store could not take it.
    case unkept
    /// Nobody could give it, or what came was wrong, or the disk is full.
    case failed
    /// Nobody wanted it any more, or the agent stopped.
    case abandoned
}

/// Downloads since the start.
public struct DownloadCounts: Sendable, Equatable {
    public var begun: Int64 = 0
    public var ended: [DownloadOutcome: Int64] = [:]
    /// From a download's begin until the first source had answered with bytes to come.
    public var lookups = Histogram()

    public init() {}
}
