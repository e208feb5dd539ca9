import Gateway
import Logging
import NIOPosix
import ServiceLifecycle
import Synchronization
import SystemPackage
import Transfer

/// What the agent has done, over time: the last hour, today, and what its readers have waited for. Safe from any thread.
///
/// A service: it looks at the counters once a second, and writes the day's down at most once a minute and when it ends.
final class Meters: Service, CustomStringConvertible {
    private static let tick: Duration = .seconds(1)
    /// In ticks.
    private static let saveEvery = 60

    /// Requests to the mirror's listeners, and to the peer routes.
    let mirror = RequestCounters()
    let peerRoutes = RequestCounters()
    /// What those listeners have turned down.
    let mirrorRefusals = RefusalCounters()
    let peerRefusals = RefusalCounters()

    private struct State {
        var history: ByteHistory
        var today: DayCounters
        /// What the file says.
        var saved: DayCounters?
        var last = ByteCounts.zero
        var readers = ReaderCounts()
    }

    private let counters: TransferCounters
    private let file: DayFile
    private let logger: Logger
    private let state: Mutex<State>

    var description: String { "Meters" }

    /// Reads the day's file. A damaged one leaves a warning, and the day begins at zero.
    init(counters: TransferCounters, file: DayFile, logger: Logger) {
        self.counters = counters
        self.file = file
        self.logger = logger
        var saved: DayCounters?
        do {
            saved = try file.read()
        } catch {
            logger.warning(
                "what was moved today cannot be read; it is counted from zero",
                metadata: ["file": "\(file.path)", "reason": "\(error)"])
        }
        state = Mutex(
            State(history: ByteHistory(from: .now), today: saved ?? DayCounters(day: LocalDay.now), saved: saved))
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var ticks = 0
            while (try? await Task.sleep(for: Self.tick)) != nil {
                self.note()
                ticks += 1
                if ticks % Self.saveEvery == 0 { await self.save() }
            }
        }
        note()
        await save()
    }

    // MARK: What the mirror tells

    /// A blob's first byte can go to a reader.
    func opened(after duration: Duration) {
        state.withLock { $0.readers.firstByte.observe(duration) }
    }

    /// A reader of a blob has ended. All bytes are those that it was given.
    /// - Parameter whole: how long that took, where it was given the whole blob.
    func delivered(_ bytes: DeliveredBytes, whole: Duration?) {
        state.withLock { state in
            state.readers.bytes = state.readers.bytes + bytes
            if let whole { state.readers.wholeBlob.observe(whole) }
        }
    }

    // MARK: What there is to see

    /// Since local midnight, up to this moment.
    var today: ByteCounts { note().today.bytes }

    /// The last hour, up to this moment.
    var history: HistorySnapshot { HistorySnapshot(note().history, end: .now) }

    var readers: ReaderCounts { state.withLock { $0.readers } }

    // MARK: Parts

    @discardableResult private func note() -> (today: DayCounters, history: ByteHistory) {
        let day = LocalDay.now
        return state.withLock { state in
            // Inside: of two who note at once the later one has the larger sums.
            let total = ByteCounts(counters.snapshot)
            let now = ContinuousClock.now
            state.today.add(total - state.last, on: day, now: now)
            state.history.note(total, at: now)
            state.last = total
            return (state.today, state.history)
        }
    }

    private func save() async {
        let today = state.withLock { state in state.saved == state.today ? nil : state.today }
        guard let today else { return }
        if let reason = await write(today) {
            logger.warning(
                "what was moved today cannot be written down; a restart will go on from what the file says",
                metadata: ["file": "\(file.path)", "reason": "\(reason)"])
        } else {
            state.withLock { $0.saved = today }
        }
    }

    /// On a thread that may wait for the disk. Cancelling does not stop it: the last time is when the agent stops.
    /// - Returns: why it could not; nil where it could.
    private func write(_ today: DayCounters) async -> String? {
        await withCheckedContinuation { done in
            NIOThreadPool.singleton.submit { [file] _ in
                do {
                    try file.write(today)
                    done.resume(returning: nil)
                } catch {
                    done.resume(returning: "\(error)")
                }
            }
        }
    }
}

extension ByteCounts {
    init(_ counts: TransferCounters.Snapshot) {
        self.init(
            store: counts.store, peers: counts.peers, upstream: counts.upstream, servedToPeers: counts.servedToPeers)
    }
}
