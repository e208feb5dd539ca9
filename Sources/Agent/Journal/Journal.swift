import FoundationEssentials
import Logging
import NIOPosix
import ServiceLifecycle
import Synchronization
import SystemPackage

/// The stories of the last pulls, in `data_dir/journal/`. They survive restarts; what the disk refuses is lost, and nothing else.
///
/// Bounded: two files of ``JournalFile/limit``, ``waitingLimit`` stories that wait for the disk. Nothing of it is kept in memory.
final class Journal: Service {
    /// How many stories are told at once.
    static let answerLimit = 500
    static let waitingLimit = 256

    private let file: JournalFile
    private let logger: Logger
    private let written: @Sendable (JournalEntry) -> Void
    private let waiting: AsyncStream<JournalEntry>
    private let add: AsyncStream<JournalEntry>.Continuation
    /// Whether the last line was lost; the log has been told.
    private let isFailing = Mutex(false)

    /// - Parameter written: told of each story when it can be found here, or is lost.
    init(file: JournalFile, logger: Logger, written: @escaping @Sendable (JournalEntry) -> Void = { _ in }) {
        self.file = file
        self.logger = logger
        self.written = written
        (waiting, add) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.waitingLimit))
    }

    /// Takes a story, to be written soon. Waits for nothing.
    func keep(_ entry: JournalEntry) {
        if case .dropped = add.yield(entry) {
            lost("the disk of data_dir is too slow: \(Self.waitingLimit) stories wait for it")
        }
    }

    func run() async throws {
        await withGracefulShutdownHandler {
            for await entry in waiting {
                await write(entry)
                written(entry)
            }
        } onGracefulShutdown: {
            self.add.finish()
        }
    }

    private func write(_ entry: JournalEntry) async {
        do {
            let line = try Self.line(entry)
            try await NIOThreadPool.singleton.runIfActive { [file] in try file.append(line) }
            if isFailing.withLock({ exchange(&$0, false) }) { logger.info("the journal of pulls is written again") }
        } catch {
            lost("\(error)")
        }
    }

    private func lost(_ reason: String) {
        guard !isFailing.withLock({ exchange(&$0, true) }) else { return }
        logger.warning(
            "the journal of pulls cannot be written; 'shoal explain' will not know of the pulls until it can",
            metadata: ["folder": "\(file.folder)", "reason": "\(reason)"])
    }

    /// The newest stories first.
    /// - Parameters:
    ///   - count: at most so many.
    ///   - isWanted: which.
    func entries(
        _ count: Int, where isWanted: @escaping @Sendable (JournalEntry) -> Bool = { _ in true }
    ) async -> [JournalEntry] {
        let read = try? await NIOThreadPool.singleton.runIfActive { [file] in Self.read(file, count, isWanted) }
        let (entries, torn) = read ?? ([], 0)
        if torn > 0 {
            logger.debug("lines of the journal are not understood and passed over", metadata: ["lines": "\(torn)"])
        }
        return entries
    }

    private static func read(
        _ file: JournalFile, _ count: Int, _ isWanted: (JournalEntry) -> Bool
    ) -> (entries: [JournalEntry], torn: Int) {
        let decoder = JSONDecoder()
        var entries: [JournalEntry] = []
        var torn = 0
        file.forEachLine { line in
            if let entry = try? decoder.decode(JournalEntry.self, from: Data(line)) {
                if isWanted(entry) { entries.append(entry) }
            } else {
                torn += 1
            }
            return entries.count < count
        }
        return (entries, torn)
    }

    static func line(_ entry: JournalEntry) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try Array(encoder.encode(entry))
    }
}

/// Sets a value, and says what it was.
private func exchange(_ value: inout Bool, _ new: Bool) -> Bool {
    defer { value = new }
    return value
}
