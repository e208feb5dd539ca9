import Logging

/// How an event becomes a line.
public enum LogFormat: String, Sendable, CaseIterable {
    /// `2026-01-31T12:00:00.123Z info pull finished image=docker.io/library/nginx:latest`
    case text
    /// As `text`, with journald's priority instead of time and level: `<6>pull finished …`
    case journal
    /// One JSON object a line.
    case json
}

extension LogFormat {
    /// Values are cut here, so that no stranger's text makes a line without end.
    private static let valueLimit = 2048

    /// The line of an event, with its line feed.
    func line(
        level: Logger.Level, message: String, metadata: [(key: String, value: String)], time: UTCTime, label: String
    ) -> String {
        let message = Self.cut(message)
        let metadata = metadata.map { (key: $0.key, value: Self.cut($0.value)) }
        switch self {
        case .text:
            return "\(time) \(level) \(message.escapingControls)\(Self.pairs(metadata))\n"
        case .journal:
            return "<\(level.journalPriority)>\(message.escapingControls)\(Self.pairs(metadata))\n"
        case .json:
            let fields = metadata.map { JSONText.pair($0.key, $0.value) }.joined(separator: ",")
            let head = [("time", time.description), ("level", level.rawValue), ("label", label), ("message", message)]
                .map { JSONText.pair($0.0, $0.1) }.joined(separator: ",")
            return "{\(head),\"metadata\":{\(fields)}}\n"
        }
    }

    private static func pairs(_ metadata: [(key: String, value: String)]) -> String {
        metadata.map { " \($0.key.escapingControls)=\(quotedIfNeeded($0.value))" }.joined()
    }

    /// In quotes where a reader could not tell its end otherwise.
    private static func quotedIfNeeded(_ value: String) -> String {
        let needsQuotes =
            value.isEmpty || value.unicodeScalars.contains { $0 == " " || $0 == "=" || $0 == "\"" || $0.isControl }
        return needsQuotes ? TOMLText.quoted(value) : value
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > valueLimit else { return text }
        return String(decoding: text.utf8.prefix(valueLimit), as: UTF8.self) + "…"
    }
}

extension Logger.Level {
    /// syslog(3)'s numbers.
    var journalPriority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}

/// Strings of JSON (RFC 8259 §7).
enum JSONText {
    static func pair(_ name: String, _ value: String) -> String { "\(string(name)):\(string(value))" }

    static func string(_ text: String) -> String {
        var json = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": json += "\\\""
            case "\\": json += "\\\\"
            case _ where scalar.isControl:
                let digits = String(scalar.value, radix: 16)
                json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: json.unicodeScalars.append(scalar)
            }
        }
        return json + "\""
    }
}
