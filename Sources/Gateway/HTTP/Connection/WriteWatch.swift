import NIOCore

/// Notices that a client has stopped reading.
struct WriteWatch {
    private let limit: TimeAmount
    private let interval: TimeAmount
    private var lastProgress: NIODeadline
    private var lastCheck: NIODeadline
    private var completed = 0
    private var pending = Int.max

    init(limit: TimeAmount, interval: TimeAmount, now: NIODeadline) {
        self.limit = limit
        self.interval = interval
        lastProgress = now
        lastCheck = now
    }

    var nextCheck: NIODeadline { lastCheck + interval }

    mutating func restart(_ now: NIODeadline) {
        lastProgress = now
        lastCheck = now
        pending = .max
    }

    mutating func check(completed: Int, pending: Int, now: NIODeadline) -> ConnectionState.Verdict {
        let hasMoved = completed != self.completed || pending < self.pending
        self.completed = completed
        self.pending = pending
        lastCheck = now
        // Nothing to send is the source's slowness, not the client's.
        if hasMoved || pending == 0 {
            lastProgress = now
            return .fine
        }
        return now - lastProgress >= limit ? .drop(.stalled) : .inspect
    }
}
