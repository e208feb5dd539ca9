import Logging
import Synchronization
import Testing

@testable import Agent

@Suite struct LogFormatTests {
    private static let time = UTCTime(seconds: 1_769_860_800, milliseconds: 7)

    private func line(_ format: LogFormat, _ message: String, _ metadata: [(key: String, value: String)] = []) -> String
    {
        format.line(level: .warning, message: message, metadata: metadata, time: Self.time, label: "shoal")
    }

    @Test(
        "an event is one line",
        arguments: [
            (
                LogFormat.text,
                #"2026-01-31T12:00:00.007Z warning pull finished bytes=12 image=docker.io/library/nginx:latest peer="a b""#
            ),
            (.journal, #"<4>pull finished bytes=12 image=docker.io/library/nginx:latest peer="a b""#),
            (
                .json,
                #"{"time":"2026-01-31T12:00:00.007Z","level":"warning","label":"shoal","message":"pull finished","#
                    + #""metadata":{"bytes":"12","image":"docker.io/library/nginx:latest","peer":"a b"}}"#
            ),
        ])
    func golden(format: LogFormat, expected: String) {
        let metadata = [("bytes", "12"), ("image", "docker.io/library/nginx:latest"), ("peer", "a b")]
        #expect(line(format, "pull finished", metadata.map { (key: $0.0, value: $0.1) }) == expected + "\n")
    }

    @Test("what a stranger writes neither ends a line nor drives a terminal", arguments: LogFormat.allCases)
    func controls(format: LogFormat) {
        let text = line(format, "a\nb\u{1b}[31m\u{85}\u{2028}\u{202e}", [(key: "k\n", value: "v\r\n\u{7f}\"=")])
        #expect(text.unicodeScalars.filter(\.isControl) == ["\n"])
        #expect(text.hasSuffix("\n"))
    }

    @Test(
        "values that need it are in quotes",
        arguments: [("", #""""#), ("a", "a"), ("a=b", #""a=b""#), (#"a"b"#, #""a\"b""#), ("a\tb", #""a\tb""#)])
    func quotes(value: String, shown: String) {
        #expect(line(.journal, "m", [(key: "k", value: value)]) == "<4>m k=\(shown)\n")
    }

    @Test("a value without end is cut")
    func long() {
        let text = line(
            .text, String(repeating: "x", count: 1 << 20), [(key: "k", value: String(repeating: "y", count: 1 << 20))])
        #expect(text.utf8.count < 5000)
    }

    @Test("levels are syslog's priorities")
    func priorities() {
        #expect(Logger.Level.allCases.map(\.journalPriority) == [7, 7, 6, 5, 4, 3, 2])
    }

    @Test(
        "times are RFC 3339",
        arguments: [
            (0, 0, "1970-01-01T00:00:00.000Z"), (951_782_400, 999, "2000-02-29T00:00:00.999Z"),
            (4_102_444_799, 1, "2099-12-31T23:59:59.001Z"),
        ])
    func times(seconds: Int, milliseconds: Int, text: String) {
        #expect(UTCTime(seconds: seconds, milliseconds: milliseconds).description == text)
    }

    @Test(
        "only the stream that systemd names is the journal", arguments: [("8:15", true), ("8:16", false), ("", false)])
    func journal(stream: String, isJournal: Bool) {
        #expect(LogFormat.isJournal(stream, device: 8, inode: 15) == isJournal)
    }

    @Test("without JOURNAL_STREAM, or with another's, the format is text")
    func notTheJournal() {
        #expect(LogFormat.forStandardError(environment: [:]) == .text)
        #expect(LogFormat.forStandardError(environment: ["JOURNAL_STREAM": "0:0"]) == .text)
    }

    @Test("a logger writes its own metadata, the event's over it, and the error, by name")
    func handler() {
        let written = Written()
        var logger = Logger(label: "test") { label in
            LineLogHandler(label: label, format: .journal, level: .info, sink: written.sink) { Self.time }
        }
        logger[metadataKey: "b"] = "1"
        logger[metadataKey: "a"] = "1"
        logger.info("hello", metadata: ["b": "2"])
        logger.debug("not written")
        #expect(written.lines == ["<6>hello a=1 b=2\n"])
    }
}

/// Collects lines.
private final class Written: Sendable {
    private let collected = Mutex<[String]>([])

    var sink: LogSink { LogSink { line in self.collected.withLock { $0.append(line) } } }
    var lines: [String] { collected.withLock { $0 } }
}
