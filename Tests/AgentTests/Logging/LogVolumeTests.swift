import Logging
import Synchronization
import Testing

@testable import Agent

@Suite struct LogVolumeTests {
    private let start = ContinuousClock.now

    @Test("so many lines are written in a minute, and after it how many were not is told once")
    func window() {
        var volume = LogVolume(limit: 3)
        let admitted = (0..<5).map { _ in volume.admits(now: start) }
        #expect(admitted == [true, true, true, false, false])
        #expect(volume.ended(now: start.advanced(by: .seconds(59))) == nil)
        #expect(volume.ended(now: start.advanced(by: .seconds(60))) == 2)
        #expect(volume.ended(now: start.advanced(by: .seconds(60))) == nil)
        #expect(volume.admits(now: start.advanced(by: .seconds(61))) == true)
    }

    @Test("a minute within the limit is not spoken of, and the next one begins anew")
    func quiet() {
        var volume = LogVolume(limit: 2)
        for minute in 0..<3 {
            let now = start.advanced(by: .seconds(60 * minute))
            #expect(volume.ended(now: now) == nil)
            #expect(volume.admits(now: now) == true)
            #expect(volume.admits(now: now) == true)
        }
    }

    @Test(
        "a logger leaves out what is too much, errors and what was asked for by a lower level never, and says how many")
    func handler() {
        let written = Mutex<[String]>([])
        let now = Mutex(ContinuousClock.now)
        let repeats = LogRepeats(perMinute: 100, lines: 2)
        let sink = LogSink { line in written.withLock { $0.append(line) } }
        let logger = Logger(label: "test") { label in
            QuietLogHandler(
                LineLogHandler(label: label, format: .journal, level: .debug, sink: sink), repeats: repeats
            ) { now.withLock { $0 } }
        }
        for number in 1...4 { logger.info("\(number)") }
        logger.warning("odd")
        logger.error("broken")
        logger.debug("detail")
        now.withLock { $0 = $0.advanced(by: .seconds(60)) }
        logger.info("next")
        #expect(
            written.withLock { $0 } == [
                "<6>1\n", "<6>2\n", "<3>broken\n", "<7>detail\n",
                "<4>lines were left out: there were too many count=3 key=limits.log_lines\n", "<6>next\n",
            ])
    }
}
