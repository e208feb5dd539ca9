/// The time for a piece of work is up.
struct DeadlineError: Error {}

/// Runs work, and cancels it when its time is up.
/// - Throws: ``DeadlineError`` then; else what the work throws.
func withDeadline<Value: Sendable>(
    _ end: ContinuousClock.Instant, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask(operation: work)
        group.addTask {
            try await Task.sleep(until: end, clock: .continuous)
            throw DeadlineError()
        }
        defer { group.cancelAll() }
        guard let value = try await group.next() else { throw CancellationError() }
        return value
    }
}
