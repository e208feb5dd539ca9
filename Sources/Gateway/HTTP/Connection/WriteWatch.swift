import NIOCore

/// Notices that a client has stopped reading, or reads so little that it only keeps its place.
struct WriteWatch {
    private let limit: TimeAmount
    private let interval: TimeAmount
    /// What a client has to take within the limit.
    private let least: Int
    private var lastCheck: NIODeadline
    private var lastTaken = 0
    /// When the client was last seen to do what it has to, and what it had taken by then.
    private var since: NIODeadline
    private var takenThen = 0

    init(limits: HTTPLimits, now: NIODeadline) {
        limit = TimeAmount(limits.stallTime)
        interval = TimeAmount(limits.stallCheckTime)
        least = limits.leastTaken
        since = now
        lastCheck = now
    }

    var nextCheck: NIODeadline { lastCheck + interval }

    mutating func restart(_ now: NIODeadline) {
        since = now
        takenThen = lastTaken
        lastCheck = now
    }

    /// - Parameters:
    ///   - taken: bytes that the kernel has taken so far.
    ///   - pending: bytes that wait for it.
    mutating func check(taken: Int, pending: Int, now: NIODeadline) -> ConnectionState.Verdict {
        let hasMoved = taken > lastTaken
        lastTaken = taken
        lastCheck = now
        // Nothing to send is the source's slowness, not the client's.
        if pending == 0 || taken - takenThen >= least {
            since = now
            takenThen = taken
            return .fine
        }
        if now - since >= limit { return .drop(.stalled) }
        return hasMoved ? .fine : .inspect
    }
}
