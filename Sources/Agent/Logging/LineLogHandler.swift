public import Logging

/// Writes one line per event.
public struct LineLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var logLevel: Logger.Level
    public var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let format: LogFormat
    private let sink: LogSink
    private let now: @Sendable () -> UTCTime

    /// - Parameters:
    ///   - label: the logger's name; only JSON shows it.
    ///   - level: events below it are not written.
    public init(label: String, format: LogFormat, level: Logger.Level, sink: LogSink = .standardError) {
        self.init(label: label, format: format, level: level, sink: sink) { .now }
    }

    init(
        label: String, format: LogFormat, level: Logger.Level, sink: LogSink, now: @escaping @Sendable () -> UTCTime
    ) {
        self.label = label
        self.format = format
        logLevel = level
        self.sink = sink
        self.now = now
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let given = event.metadata { all.merge(given) { $1 } }
        if let error = event.error { all["error"] = "\(error)" }
        let pairs = all.map { (key: $0.key, value: $0.value.description) }.sorted { $0.key < $1.key }
        sink.write(
            format.line(
                level: event.level, message: event.message.description, metadata: pairs, time: now(), label: label))
    }
}
