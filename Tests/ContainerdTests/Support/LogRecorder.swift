import Logging
import Synchronization

/// Keeps what is warned of.
final class LogRecorder: Sendable {
    private let kept = Mutex<[String]>([])

    var warnings: [String] { kept.withLock { $0 } }

    var logger: Logger { Logger(label: "test") { _ in Handler(recorder: self) } }

    private struct Handler: LogHandler {
        let recorder: LogRecorder
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            guard event.level >= .warning else { return }
            recorder.kept.withLock { $0.append("\(event.message)") }
        }
    }
}
