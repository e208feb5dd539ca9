/// Whether and when a request that upstream did not serve is sent again.
struct RetryPolicy: Sendable {
    var attempts = 3
    /// A longer wait than this is not waited for.
    var longestWait: Duration = .seconds(5)

    /// - Parameters:
    ///   - attempt: how many times it has been sent.
    ///   - status: what upstream answered; nil where the connection broke.
    ///   - retryAfter: what upstream asked for.
    ///   - remaining: the time left for the whole.
    ///   - jitter: a random number of 0..<1.
    /// - Returns: how long to wait; nil to give up.
    func wait(
        attempt: Int, status: Int?, retryAfter: Duration?, remaining: Duration, jitter: Double
    ) -> Duration? {
        guard attempt < attempts else { return nil }
        if let status, status != 429, !(500...599).contains(status) { return nil }
        let backoff = Duration.milliseconds(200 << attempt) * (0.5 + jitter)
        let wait = max(retryAfter ?? .zero, backoff)
        return wait <= longestWait && wait < remaining ? wait : nil
    }

    /// The value of `Retry-After` (RFC 9110 §10.2.3) in seconds. A date says too little to an agent without a clock: nil.
    static func retryAfter(_ header: String?) -> Duration? {
        guard let header, let seconds = Int(header), seconds >= 0 else { return nil }
        return .seconds(min(seconds, 86_400))
    }
}
