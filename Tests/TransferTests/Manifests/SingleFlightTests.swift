import Synchronization
import Testing

@testable import Transfer

@Suite("Work that several callers want at once")
struct SingleFlightTests {
    /// Counts who comes, and lets nobody through until it is opened, or who waits is cancelled.
    private final class Gate: Sendable {
        private let opened: AsyncStream<Never>
        private let opener: AsyncStream<Never>.Continuation
        private let visits = Mutex(0)

        init() { (opened, opener) = AsyncStream.makeStream() }

        var count: Int { visits.withLock { $0 } }
        func open() { opener.finish() }

        func pass() async {
            visits.withLock { $0 += 1 }
            for await _ in opened {}
        }
    }

    @Test("is done once, and all have what came of it", .timeLimit(.minutes(1)))
    func once() async throws {
        let flight = SingleFlight<Int, Int>()
        let gate = Gate()
        let callers = (0..<8).map { _ in
            Task {
                try await flight.run(1) {
                    await gate.pass()
                    return 7
                }
            }
        }
        try await eventually { gate.count == 1 }
        gate.open()
        for caller in callers {
            let value = try await caller.value
            #expect(value == 7)
        }
    }

    @Test("is done again by another where who did it was cancelled, whatever came of it", .timeLimit(.minutes(1)))
    func cancelledFirst() async throws {
        let flight = SingleFlight<Int, String>()
        let gate = Gate()
        @Sendable func work() async -> String {
            await gate.pass()
            return Task.isCancelled ? "half" : "whole"
        }
        let first = Task { try await flight.run(1) { await work() } }
        try await eventually { gate.count == 1 }
        let second = Task { try await flight.run(1) { await work() } }
        first.cancel()
        gate.open()
        let (half, whole) = (try await first.value, try await second.value)
        #expect(half == "half" && whole == "whole")
        #expect(gate.count == 2)
    }

    @Test("is not waited for by who was cancelled", .timeLimit(.minutes(1)))
    func cancelledWaiter() async throws {
        let flight = SingleFlight<Int, Int>()
        let gate = Gate()
        let first = Task {
            try await flight.run(1) {
                await gate.pass()
                return 7
            }
        }
        try await eventually { gate.count == 1 }
        let second = Task { try await flight.run(1) { 8 } }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        gate.open()
        let value = try await first.value
        #expect(value == 7)
    }
}
