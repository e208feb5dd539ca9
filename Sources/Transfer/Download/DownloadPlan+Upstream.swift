/// How long upstream is worth another try.
///
/// It is, for as long as it makes progress, however slowly. What counts against it: breaking off without a byte, being silent, and
/// breaking off too often.
extension DownloadPlan {
    /// How often upstream may break off before it is given up: in all, and without a byte in between.
    static let upstreamResumes = 50
    static let upstreamFruitless = 3
    /// How long it may have been silent in all its requests together, less the time in which they brought something: the transport
    /// gives a request up after 30 s, so this is three of them. A client that is told then that there is no more here asks the registry
    /// itself.
    static let upstreamPatience: Duration = .seconds(75)
    /// From here on a request that ended was silent; before, it was only cut.
    static let upstreamSilence: Duration = .seconds(10)
    /// More than this is no silence of upstream's, but time in which this machine slept, or the request had to wait here: the transport
    /// waits 30 s for the head of an answer, and 30 s for a byte.
    static let longestSilence: Duration = .seconds(60)

    /// What counts against upstream.
    struct UpstreamRecord: Sendable {
        var resumes = 0
        var fruitless = 0
        /// When a failure was counted last: requests that ran beside each other, and failed of one cause, count once.
        var countedAt: Instant?
        var silence: Duration = .zero
        /// Up to when silence has been counted.
        var silentUntil: Instant?
    }

    /// New bytes have come from upstream.
    mutating func upstreamBrought(_ run: Run) {
        upstream.fruitless = 0
        if run.brought >= Self.pieceSize { upstream.silence = .zero }
    }

    mutating func upstreamEnded(_ run: Run, _ ending: Ending, now: Instant) {
        let isCounted = upstream.countedAt.map { run.startedAt >= $0 } ?? true
        if isCounted, ending != .finished { upstream.countedAt = now }
        switch ending {
        case .finished: break
        case .broke(let message):
            countSilence(of: run, now: now)
            if isCounted {
                upstream.resumes += 1
                upstream.fruitless += run.brought > 0 ? 0 : 1
            }
            if upstream.silence > Self.upstreamPatience || upstream.resumes > Self.upstreamResumes
                || upstream.fruitless > Self.upstreamFruitless
            {
                upstreamRefusal = message
            } else if upstream.fruitless > 0 {
                upstreamRetryAt = now.advanced(by: .milliseconds(250 << upstream.fruitless))
            }
        case .busy(let message, let retryAfter, _):
            upstream.fruitless += isCounted ? 1 : 0
            let wait = retryAfter ?? .milliseconds(500 << upstream.fruitless)
            if upstream.fruitless > Self.upstreamFruitless || wait > .seconds(10) {
                upstreamRefusal = message
            } else {
                upstreamRetryAt = now.advanced(by: wait)
            }
        case .refused(let message), .noSuchRange(let message), .lacks(let message, _): upstreamRefusal = message
        }
    }

    /// Requests that were silent beside each other count once, and not while another brought something.
    private mutating func countSilence(of run: Run, now: Instant) {
        let since = max(run.lastByteAt, progressAt ?? run.startedAt, upstream.silentUntil ?? run.startedAt)
        let silence = min(since.duration(to: now), Self.longestSilence)
        guard silence >= Self.upstreamSilence else { return }
        let flow = run.brought > 0 ? (run.openedAt ?? run.startedAt).duration(to: run.lastByteAt) : .zero
        upstream.silence = max(.zero, upstream.silence + silence - flow)
        upstream.silentUntil = now
    }

    /// A new attempt begins, for somebody who has come after upstream was given up. What was silent may be so once more.
    mutating func forgiveUpstream() {
        upstreamRetryAt = nil
        upstreamRefusal = nil
        upstream = UpstreamRecord(silence: min(upstream.silence, Self.upstreamPatience - .seconds(25)))
    }
}
