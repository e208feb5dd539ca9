public import Logging
import Synchronization

/// Passes events on, of the same warning no more than a few a minute, and of all no more than a log can take; then a line says how many
/// were left out.
///
/// The line comes with the next event after that minute. Errors are never left out, nor is what people turned on by a lower level.
public struct QuietLogHandler<Base: LogHandler>: LogHandler {
    private var base: Base
    private let repeats: LogRepeats
    private let now: @Sendable () -> ContinuousClock.Instant

    /// - Parameter repeats: shared by all handlers whose lines go to the same place.
    public init(_ base: Base, repeats: LogRepeats) {
        self.init(base, repeats: repeats) { .now }
    }

    init(_ base: Base, repeats: LogRepeats, now: @escaping @Sendable () -> ContinuousClock.Instant) {
        self.base = base
        self.repeats = repeats
        self.now = now
    }

    public var metadata: Logger.Metadata {
        get { base.metadata }
        set { base.metadata = newValue }
    }

    public var logLevel: Logger.Level {
        get { base.logLevel }
        set { base.logLevel = newValue }
    }

    public var metadataProvider: Logger.MetadataProvider? {
        get { base.metadataProvider }
        set { base.metadataProvider = newValue }
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { base[metadataKey: key] }
        set { base[metadataKey: key] = newValue }
    }

    public func log(event: LogEvent) {
        let now = now()
        for left in repeats.limit.withLock({ $0.ended(now: now) }) {
            base.log(
                event: LogEvent(
                    level: .warning, message: "warnings like this were left out",
                    metadata: [
                        "count": "\(left.count)", "like": "\(left.key.message)", "about": "\(left.key.about)",
                    ], source: event.source, file: event.file, function: event.function, line: event.line))
        }
        if let count = repeats.volume.withLock({ $0.ended(now: now) }) {
            base.log(
                event: LogEvent(
                    level: .warning, message: "lines were left out: there were too many",
                    metadata: ["count": "\(count)", "key": "limits.log_lines"], source: event.source, file: event.file,
                    function: event.function, line: event.line))
        }
        if event.level == .warning, !repeats.limit.withLock({ $0.admits(key(of: event), now: now) }) { return }
        let isBounded = event.level >= .info && event.level < .error
        if isBounded, !repeats.volume.withLock({ $0.admits(now: now) }) { return }
        base.log(event: event)
    }

    /// The same words about another peer, registry or file are another warning.
    private func key(of event: LogEvent) -> RepeatLimit.Key {
        let about = LogRepeats.names.compactMap { event.metadata?[$0] ?? base.metadata[$0] }.map(\.description)
        return RepeatLimit.Key(
            message: String(event.message.description.prefix(200)),
            about: String(about.joined(separator: " ").prefix(200)))
    }
}

/// What was said lately, by all loggers of a program.
public final class LogRepeats: Sendable {
    /// The metadata that names whom or what a warning is about.
    static let names = ["peer", "registry", "image", "file", "folder", "from"]

    let limit: Mutex<RepeatLimit>
    let volume: Mutex<LogVolume>

    /// - Parameters:
    ///   - limit: how many of the same warning a minute has.
    ///   - lines: how many lines of all kinds.
    public init(perMinute limit: Int, lines: Int) {
        self.limit = Mutex(RepeatLimit(limit: limit))
        volume = Mutex(LogVolume(limit: lines))
    }

    public convenience init(_ limits: Configuration.Limits) {
        self.init(perMinute: limits.logRepeats, lines: limits.logLines)
    }
}
