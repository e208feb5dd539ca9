import Discovery
import Logging
import Synchronization
import Testing

@testable import TLS

@Suite("Troubles with TLS between nodes")
struct TLSTroublesTests {
    private static let start = ContinuousClock.now

    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])

        var all: [String] { lines.withLock { $0 } }

        var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

        private struct Handler: LogHandler {
            let lines: Lines
            var metadata: Logger.Metadata = [:]
            var logLevel = Logger.Level.debug

            subscript(metadataKey key: String) -> Logger.Metadata.Value? {
                get { metadata[key] }
                set { metadata[key] = newValue }
            }

            func log(event: LogEvent) {
                let from = event.metadata?["from"]?.description ?? "-"
                lines.lines.withLock { $0.append("\(event.level) \(from): \(event.message)") }
            }
        }
    }

    private func at(_ seconds: Int) -> ContinuousClock.Instant { Self.start + .seconds(seconds) }

    @Test("The same trouble of one address is logged once in ten minutes")
    func once() {
        let lines = Lines()
        let troubles = TLSTroubles(logger: lines.logger)
        for second in [0, 1, 300, 599] { troubles.note(.speaksPlain, at: "10.0.0.2", now: at(second)) }
        #expect(lines.all.count == 1)
        #expect(lines.all[0].hasPrefix("warning 10.0.0.2: "))
        #expect(lines.all[0].contains("speaks plain HTTP, and this node speaks TLS"))
        troubles.note(.untrusted, at: "10.0.0.2", now: at(599))
        troubles.note(.speaksPlain, at: "10.0.0.3", now: at(599))
        #expect(lines.all.count == 3)
        troubles.note(.speaksPlain, at: "10.0.0.2", now: at(600))
        #expect(lines.all.count == 4)
    }

    @Test("The status names what there was in the last two minutes, with the mend")
    func warnings() {
        let troubles = TLSTroubles(logger: .silent)
        #expect(troubles.warnings(now: at(0)) == [])
        troubles.note(.speaksTLS, at: "10.0.0.3", now: at(0))
        troubles.note(.refusesOurs, at: "10.0.0.2", now: at(100))
        let both = troubles.warnings(now: at(119))
        #expect(both.count == 2)
        #expect(both[0].hasPrefix("10.0.0.2 does not accept this node's certificate: "))
        #expect(both[1].hasPrefix("10.0.0.3 speaks TLS to peers, and this node plain HTTP: set [peers.tls] here"))
        #expect(troubles.warnings(now: at(120)).count == 1)
        #expect(troubles.warnings(now: at(220)) == [])
    }

    @Test("A flood of strangers is kept in part, and hides no trouble that comes after it or goes on beside it")
    func flood() {
        let lines = Lines()
        let troubles = TLSTroubles(logger: lines.logger)
        troubles.note(.refusesOurs, at: "10.2.0.1", now: at(0))
        for number in 0..<1000 {
            troubles.note(.untrusted, at: "10.0.\(number / 256).\(number % 256)", now: at(1 + number / 20))
            if number.isMultiple(of: 20) { troubles.note(.refusesOurs, at: "10.2.0.1", now: at(1 + number / 20)) }
        }
        troubles.note(.speaksPlain, at: "10.1.0.1", now: at(60))
        #expect(lines.all.last?.hasPrefix("warning 10.1.0.1: ") == true)
        let goesOn = lines.all.filter { $0.hasPrefix("warning 10.2.0.1: ") }
        #expect(goesOn.count == 1)
        let warnings = troubles.warnings(now: at(60))
        #expect(warnings.count == TLSTroubles.named + 1)
        #expect(warnings.last == "so it is with \(TLSTroubles.limit - TLSTroubles.named) more, of which the log tells")
    }

    @Test("Who claims to be another node each time is one trouble, as it was last")
    func claims() {
        let lines = Lines()
        let troubles = TLSTroubles(logger: lines.logger)
        let nodes = (0..<100).map { _ in NodeID.random() }
        for claimed in nodes.dropFirst() {
            troubles.note(.otherNode(certified: nodes[0], claimed: claimed), at: "10.0.0.2", now: at(0))
        }
        #expect(lines.all.count == 1)
        let warnings = troubles.warnings(now: at(0))
        #expect(warnings.count == 1)
        #expect(warnings.first?.contains("is node \(nodes[99])") == true)
    }

    @Test(
        "Every trouble says what is wrong and what to do",
        arguments: [
            .speaksPlain, .speaksTLS, .untrusted, .refusesOurs,
            .otherNode(certified: .random(), claimed: .random()), .unclearNode("it names more than one node"),
        ] as [TLSTrouble])
    func words(trouble: TLSTrouble) {
        #expect(!trouble.description.isEmpty)
        #expect(trouble.mend.contains("certificate") || trouble.mend.contains("[peers.tls]"))
    }
}
