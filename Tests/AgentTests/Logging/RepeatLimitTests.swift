import Logging
import Synchronization
import Testing
import Transfer

@testable import Agent

@Suite struct RepeatLimitTests {
    private let start = ContinuousClock.now
    private let key = RepeatLimit.Key(message: "m", about: "a")

    @Test("the same is said so often a minute, and then it is told once how often it was not")
    func window() {
        var limit = RepeatLimit(limit: 2)
        let admitted = (0..<5).map { _ in limit.admits(key, now: start) }
        #expect(admitted == [true, true, false, false, false])
        #expect(limit.ended(now: start.advanced(by: .seconds(59))) == [])
        #expect(limit.ended(now: start.advanced(by: .seconds(60))) == [.init(key: key, count: 3)])
        #expect(limit.ended(now: start.advanced(by: .seconds(60))) == [])
        #expect(limit.admits(key, now: start.advanced(by: .seconds(61))) == true)
    }

    @Test("another thing has a count of its own, and what is rare leaves no line")
    func others() {
        var limit = RepeatLimit(limit: 1)
        #expect(limit.admits(key, now: start) == true)
        #expect(limit.admits(.init(message: "m", about: "b"), now: start) == true)
        #expect(limit.ended(now: start.advanced(by: .seconds(100))) == [])
    }

    @Test("more things than are told apart count as one")
    func bounded() {
        var limit = RepeatLimit(limit: 1)
        let admitted = (0..<(RepeatLimit.keyLimit + 50)).count { number in
            limit.admits(.init(message: "m", about: "\(number)"), now: start)
        }
        #expect(admitted == RepeatLimit.keyLimit + 1)
        #expect(limit.ended(now: start.advanced(by: .seconds(60))).map(\.count) == [49])
    }

    @Test("a logger leaves repeated warnings out, errors never, and says how many")
    func handler() {
        let lines = Lines()
        let clock = Clock()
        let repeats = LogRepeats(perMinute: 2, lines: 100)
        let logger = Logger(label: "test") { label in
            QuietLogHandler(
                LineLogHandler(label: label, format: .journal, level: .info, sink: lines.sink), repeats: repeats
            ) { clock.now }
        }
        for _ in 0..<4 { logger.warning("slow", metadata: ["peer": "b"]) }
        logger.warning("slow", metadata: ["peer": "c"])
        for _ in 0..<3 { logger.error("broken") }
        clock.advance(by: .seconds(61))
        logger.info("hello")
        #expect(
            lines.all == [
                "<4>slow peer=b\n", "<4>slow peer=b\n", "<4>slow peer=c\n", "<3>broken\n", "<3>broken\n",
                "<3>broken\n", "<4>warnings like this were left out about=b count=2 like=slow\n", "<6>hello\n",
            ])
    }

    @Test("what is logged on behalf of a request carries its id")
    func requestID() {
        let lines = Lines()
        let logger = Logger(label: "test") { label in
            var handler = LineLogHandler(label: label, format: .journal, level: .info, sink: lines.sink)
            handler.metadataProvider = .requests
            return handler
        }
        logger.info("before")
        RequestTrace.$id.withValue("c7-2") { logger.info("within") }
        #expect(lines.all == ["<6>before\n", "<6>within request_id=c7-2\n"])
    }
}

private final class Lines: Sendable {
    private let collected = Mutex<[String]>([])

    var sink: LogSink { LogSink { line in self.collected.withLock { $0.append(line) } } }
    var all: [String] { collected.withLock { $0 } }
}

private final class Clock: Sendable {
    private let time = Mutex(ContinuousClock.now)

    var now: ContinuousClock.Instant { time.withLock { $0 } }
    func advance(by duration: Duration) { time.withLock { $0 = $0.advanced(by: duration) } }
}
