/// What a download's part in a swarm came to.
public struct SwarmCounts: Hashable, Sendable {
    /// Own upstream streams that were ended because the pieces before them are others' to fetch.
    public var handovers = 0
    /// Pieces asked of a second source because the first was late.
    public var hedges = 0
    /// Pieces that were not what had been claimed of them.
    public var damaged = 0

    public init() {}
}
