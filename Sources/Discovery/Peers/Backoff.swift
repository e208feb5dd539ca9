/// How long to leave something alone that failed: longer each time.
struct Backoff: Sendable {
    let first: Duration
    let longest: Duration

    /// For questions over HTTP that discovery asks.
    static let inquiry = Backoff(first: .milliseconds(250), longest: .seconds(30))
    /// For addresses that refused a connection.
    static let refusal = Backoff(first: .seconds(2), longest: .seconds(60))

    /// - Parameter failures: in a row; 1 after the first.
    func delay(after failures: Int) -> Duration {
        min(longest, first * (1 << min(max(0, failures - 1), 16)))
    }
}
