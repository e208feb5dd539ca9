import Testing

/// Waits for a condition, not for time: asks until it holds, and throws, saying what never came, when it does not within
/// the limit. Returns how long it took.
@discardableResult
func eventually(
    _ what: String, within limit: Duration = .seconds(10), every pause: Duration = .milliseconds(10),
    _ condition: () async throws -> Bool
) async throws -> Duration {
    let clock = ContinuousClock()
    let start = clock.now
    while try await !condition() {
        guard clock.now - start < limit else { throw HarnessError("waited \(limit) in vain: \(what)") }
        try await clock.sleep(for: pause)
    }
    return clock.now - start
}

/// A figure worth reading in the log of a run, beside the expectation that bounds it.
func report(_ what: String, _ value: Duration) {
    let milliseconds = Int(value / .milliseconds(1))
    print("  measured: \(what): \(milliseconds) ms")
}

func report(_ what: String, bytes value: Int) {
    print("  measured: \(what): \(value >> 20) MiB")
}
