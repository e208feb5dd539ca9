import Glibc
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@testable import Agent

@Suite("The last resort", .timeLimit(.minutes(1)))
struct LastResortTests {
    /// Heeds neither a shutdown nor a cancellation.
    private final class Stubborn: Service, CustomStringConvertible {
        let gate = AsyncStream<Void>.makeStream()
        let description = "Stubborn"

        func run() async throws {
            await Task { [stream = gate.stream] in for await _ in stream {} }.value
        }
    }

    private final class Ends: Sendable {
        let (times, end) = AsyncStream<Void>.makeStream()
        let count = Atomic(0)

        func note() {
            count.wrappingAdd(1, ordering: .relaxed)
            end.yield()
        }
    }

    private func lastResort(after limit: Duration, _ ends: Ends, _ log: LogRecorder) -> LastResort {
        LastResort(after: limit, logger: log.logger) { ends.note() }
    }

    @Test("ends a process whose shutdown does not end, and names what it waited for")
    func stubborn() async throws {
        let (ends, log, stubborn) = (Ends(), LogRecorder(), Stubborn())
        let last = lastResort(after: .milliseconds(50), ends, log)
        let group = ServiceGroup(
            configuration: .init(services: [last.watching(stubborn), last], logger: Logger(label: "test")))
        async let run: Void = group.run()
        await group.triggerGracefulShutdown()
        for await _ in ends.times { break }
        #expect(log.warnings.contains { $0.contains("waited_for=Stubborn") })
        stubborn.gate.continuation.finish()
        try await run
        last.stop()
        #expect(ends.count.load(ordering: .relaxed) == 1)
    }

    @Test("ends a process that stands still while it closes what a start that failed had opened")
    func failedStart() async throws {
        let (ends, log) = (Ends(), LogRecorder())
        let last = lastResort(after: .milliseconds(50), ends, log)
        last.arm()
        await last.waiting(for: "stores") { for await _ in ends.times { break } }
        #expect(log.warnings.contains { $0.contains("waited_for=stores") })
        last.arm()
        last.stop()
        #expect(ends.count.load(ordering: .relaxed) == 1)
    }

    @Test("counts from the signal on, though nobody heeds it")
    func unheeded() async throws {
        let (ends, log) = (Ends(), LogRecorder())
        signal(SIGUSR2, SIG_IGN)
        let last = LastResort(after: .milliseconds(50), signals: [SIGUSR2], logger: log.logger) { ends.note() }
        let group = ServiceGroup(configuration: .init(services: [last], logger: Logger(label: "test")))
        async let run: Void = group.run()
        // What comes before it listens is lost.
        while ends.count.load(ordering: .relaxed) == 0 {
            kill(getpid(), SIGUSR2)
            try await Task.sleep(for: .milliseconds(5))
        }
        await group.triggerGracefulShutdown()
        try await run
        last.stop()
        #expect(ends.count.load(ordering: .relaxed) == 1 && log.warnings.count == 1)
    }

    @Test("leaves a shutdown alone that ends in time")
    func inTime() async throws {
        let (ends, log) = (Ends(), LogRecorder())
        let last = lastResort(after: .seconds(3600), ends, log)
        let group = ServiceGroup(configuration: .init(services: [last], logger: Logger(label: "test")))
        async let run: Void = group.run()
        await group.triggerGracefulShutdown()
        try await run
        last.stop()
        #expect(ends.count.load(ordering: .relaxed) == 0 && log.warnings.isEmpty)
    }
}
