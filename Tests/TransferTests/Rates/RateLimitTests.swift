import Synchronization
import Testing

@testable import Transfer

@Suite("Rate limits", .timeLimit(.minutes(1)))
struct RateLimitTests {
    /// So slow that nothing more comes after the first burst while a test runs.
    private static let standstill: Int64 = 1
    private static let burst = 64 << 10

    /// Returns when so many wait; the test's time limit ends a wait in vain.
    private static func wait(for count: Int, on limit: RateLimit) async throws {
        while limit.waiting != count {
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    @Test("Without a limit nobody waits, and there is no portion")
    func none() async throws {
        let limit = RateLimit(bytesPerSecond: nil)
        for _ in 0..<1000 { try await limit.take(.max) }
        limit.charge(.max)
        #expect(limit.portion == nil)
        #expect(RateLimit.none !== RateLimit.none)
    }

    @Test("Many transfers together move what the rate allows, and each gets its share")
    func together() async throws {
        let limit = RateLimit(bytesPerSecond: 4 << 20)
        // What may go out at once is gone before the first comes, so that all wait when the first is served.
        limit.charge(4 << 20)
        let began = ContinuousClock.now
        // Two mebibytes in all: half a second.
        let ends = try await withThrowingTaskGroup(of: ContinuousClock.Instant.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<4 { try await limit.take(64 << 10) }
                    return .now
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let seconds = ends.map { began.duration(to: $0) / .seconds(1) }
        // Never faster; slower only where the machine is busy. Nobody is served before the others get theirs.
        #expect((seconds.max() ?? 0) >= 0.44)
        #expect((seconds.min() ?? 0) >= 0.3)
        #expect(limit.waiting == 0)
    }

    @Test("Among many who wait portions are smaller, and as large as before when they have gone")
    func manyWaiting() async throws {
        let limit = RateLimit(bytesPerSecond: 100_000)
        let alone = limit.portion
        // More than goes out while this test runs.
        limit.charge(100 << 20)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<32 { group.addTask { try await limit.take(64 << 20) } }
            try await Self.wait(for: 32, on: limit)
            let portion = try #require(limit.portion)
            #expect(portion * 32 <= 200_000)
            group.cancelAll()
            while let result = await group.nextResult() { _ = result }
        }
        #expect(limit.portion == alone)
    }

    @Test("Who is cancelled while waiting leaves the queue, first or not")
    func cancelled() async throws {
        let limit = RateLimit(bytesPerSecond: Self.standstill)
        try await limit.take(Self.burst)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<5 {
                group.addTask {
                    do { try await limit.take(1 << 20) } catch { return error is CancellationError }
                    return false
                }
            }
            try await Self.wait(for: 5, on: limit)
            group.cancelAll()
            for try await isCancelled in group { #expect(isCancelled) }
        }
        #expect(limit.waiting == 0)
    }

    @Test("When the first is cancelled the next one is")
    func firstCancelled() async throws {
        let limit = RateLimit(bytesPerSecond: Self.standstill)
        try await limit.take(Self.burst)
        let first = Task { try await limit.take(16 << 10) }
        try await Self.wait(for: 1, on: limit)
        let second = Task { try await limit.take(16 << 10) }
        try await Self.wait(for: 2, on: limit)
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        // Who is first looks again now and then; who is not would wait for ever.
        limit.change(bytesPerSecond: nil)
        try await second.value
        #expect(limit.waiting == 0)
    }

    @Test("A task that is cancelled already does not wait")
    func cancelledBefore() async {
        let limit = RateLimit(bytesPerSecond: Self.standstill)
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            try await limit.take(2 * Self.burst)
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("Lifting the limit frees everybody who waits")
    func lifted() async throws {
        let limit = RateLimit(bytesPerSecond: Self.standstill)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<5 { group.addTask { try await limit.take(1 << 20) } }
            try await Self.wait(for: 5, on: limit)
            limit.change(bytesPerSecond: nil)
            try await group.waitForAll()
        }
        #expect(limit.portion == nil)
    }

    @Test("What cannot wait is counted: others wait for it")
    func charged() async throws {
        let limit = RateLimit(bytesPerSecond: 1 << 20)
        let began = ContinuousClock.now
        limit.charge(Self.burst)
        limit.charge(128 << 10)
        try await limit.take(16 << 10)
        #expect(began.duration(to: .now) >= .milliseconds(140))
    }
}
