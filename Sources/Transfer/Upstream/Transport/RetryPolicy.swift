/// Whether and when a request that upstream did not serve is sent again: a value.
struct RetryPolicy: Sendable {
    var attempts = 3
    /// A longer wait than this is not waited for.
    var longestWait: Duration = .seconds(5)
    private let firstBackoff: Duration = .milliseconds(400)

    /// Whether upstream may answer otherwise when it is asked again (RFC 9110 §15.6, RFC 6585 §4).
    static func isTransient(status: Int) -> Bool { status == 429 || (500...599).contains(status) }

    /// - Parameters:
    ///   - attempt: how many times it has been sent, 1 at least.
    ///   - retryAfter: what upstream asked for.
    ///   - remaining: the time left for the whole.
    ///   - jitter: a random number of 0..<1.
    /// - Returns: how long to wait; nil to give up.
    func wait(attempt: Int, retryAfter: Duration?, remaining: Duration, jitter: Double) -> Duration? {
        guard attempt < attempts else { return nil }
        let backoff = firstBackoff * (1 << (attempt - 1)) * (0.5 + jitter)
        let wait = max(retryAfter ?? .zero, backoff)
        return wait <= longestWait && wait < remaining ? wait : nil
    }
}
