import Glibc
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@testable import Agent

@Suite("Reports to the service manager", .timeLimit(.minutes(1)))
struct SupervisionTests {
    private func abstractName() -> String { "shoal-test-\(UInt64.random(in: 0 ... .max))" }

    private func supervision(
        _ socket: NotifySocket?, watchdog: Duration? = nil, parts: [Liveness.Part] = [],
        logger: Logger = .init(label: "")
    ) -> Supervision {
        Supervision(
            notify: socket, watchdog: watchdog, liveness: Liveness(parts: parts), status: { "Ready: 3 peers" },
            logger: logger)
    }

    @Test("reports reach a socket at a path and one with an abstract name", arguments: [true, false])
    func addresses(isAbstract: Bool) async throws {
        let name = isAbstract ? abstractName() : "/tmp/\(abstractName())"
        let reports = try ReportSocket(isAbstract ? [0] + Array(name.utf8) : Array(name.utf8) + [0])
        defer { if !isAbstract { unlink(name) } }
        try await #require(NotifySocket(isAbstract ? "@" + name : name)).send(.ready(status: "fine"))
        #expect(reports.next() == "READY=1\nSTATUS=fine\n")
    }

    @Test("messages are what sd_notify(3) says, and a status is one line of bounded length")
    func texts() {
        #expect(NotifyMessage.alive(status: "s", isProven: true).text == "WATCHDOG=1\nSTATUS=s\n")
        #expect(NotifyMessage.alive(status: "s", isProven: false).text == "STATUS=s\n")
        #expect(NotifyMessage.stopping(status: "s").text == "STOPPING=1\nSTATUS=s\n")
        #expect(NotifyMessage.reloading(microseconds: 17).text.hasPrefix("RELOADING=1\nMONOTONIC_USEC=17\nSTATUS="))
        #expect(NotifyMessage.ready(status: "a\nMAINPID=1").text.split(separator: "\n").count == 2)
        #expect(NotifyMessage.ready(status: String(repeating: "x", count: 9999)).text.utf8.count < 600)
    }

    @Test("an agent reports that it is ready, signs of life at half of the watchdog's time, and that it stops")
    func life() async throws {
        let name = abstractName()
        let reports = try ReportSocket([0] + Array(name.utf8))
        let asked = Mutex(0)
        let service = supervision(
            NotifySocket("@" + name), watchdog: .milliseconds(100),
            parts: [.init(name: "a part") { asked.withLock { $0 += 1 } }])
        let group = ServiceGroup(
            configuration: .init(services: [.init(service: service)], logger: Logger(label: "test")))
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            #expect(try await reports.wait() == "READY=1\nSTATUS=Ready: 3 peers\n")
            let start = ContinuousClock.now
            for _ in 0..<3 { #expect(try await reports.wait() == "WATCHDOG=1\nSTATUS=Ready: 3 peers\n") }
            #expect(ContinuousClock.now - start >= .milliseconds(80), "two pauses of 50 ms")
            #expect(asked.withLock { $0 } >= 3, "each sign was proven")
            await group.triggerGracefulShutdown()
            var last = ""
            while !last.hasPrefix("STOPPING=1\n") { last = try await reports.wait() }
            try await tasks.waitForAll()
        }
    }

    @Test("a part that does not answer is named in the log, and no sign of life is sent")
    func hanging() async throws {
        let name = abstractName()
        let reports = try ReportSocket([0] + Array(name.utf8))
        let log = LogRecorder()
        let gate = AsyncStream<Void>.makeStream()
        let service = supervision(
            NotifySocket("@" + name), watchdog: .milliseconds(100),
            parts: [
                .init(name: "the quick part") {},
                .init(name: "the part that hangs") { for await _ in gate.stream { return } },
            ], logger: log.logger)
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await service.run() }
            #expect(try await reports.wait().hasPrefix("READY=1\n"))
            while log.warnings.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
            #expect(log.warnings.first?.contains("parts=the part that hangs") == true)
            #expect(reports.next() == nil)
            gate.continuation.yield()
            #expect(try await reports.wait().hasPrefix("WATCHDOG=1\n"), "it lives again")
            tasks.cancelAll()
        }
    }

    @Test("a reload is told with its time, and is over when the agent is ready again")
    func reload() async throws {
        let name = abstractName()
        let reports = try ReportSocket([0] + Array(name.utf8))
        let service = supervision(NotifySocket("@" + name))
        await service.reloading()
        let text = try #require(reports.next())
        #expect(text.hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
        await service.ready()
        #expect(reports.next()?.hasPrefix("READY=1\n") == true)
    }

    @Test("a service manager that is not there costs a warning")
    func nobody() async throws {
        let log = LogRecorder()
        await supervision(NotifySocket("@" + abstractName()), logger: log.logger).ready()
        #expect(log.warnings.count == 1)
    }

    @Test("a full queue is waited for")
    func fullQueue() async throws {
        let name = abstractName()
        let reports = try ReportSocket([0] + Array(name.utf8))
        let socket = try #require(NotifySocket("@" + name))
        // Senders wait as soon as there is no room; whoever comes last has to.
        try await withThrowingTaskGroup { senders in
            let count = 600
            for number in 1...count {
                senders.addTask { try await socket.send(.ready(status: "\(number)")) }
            }
            for _ in 1...count { #expect(try await reports.wait().hasPrefix("READY=1\n")) }
            try await senders.waitForAll()
        }
    }
}
