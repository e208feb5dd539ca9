/// What swarms have cost and saved this node since it started.
public struct SwarmCounts: Hashable, Sendable {
    /// Shares of upstream's pieces that went from one node to another: own streams that were ended because what comes next is for others
    /// to fetch, and pieces that this node took because their owner was late, could not, or had much left.
    public var moves: Int64 = 0
    /// Pieces asked of a second source because the first was late.
    public var hedges: Int64 = 0
    /// Pieces that were not what had been claimed of them.
    public var damaged: Int64 = 0
    /// Pieces that came whole, those that came again included.
    public var pieces: Int64 = 0
    /// Bytes that came although they were here already.
    public var duplicateBytes: Int64 = 0
    /// Pieces given to peers of blobs that were not whole here yet.
    public var servedEarly: Int64 = 0

    public init() {}

    static func += (left: inout Self, right: Self) {
        left.moves += right.moves
        left.hedges += right.hedges
        left.damaged += right.damaged
        left.pieces += right.pieces
        left.duplicateBytes += right.duplicateBytes
        left.servedEarly += right.servedEarly
    }
}
