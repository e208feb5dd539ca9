import Dispatch
import Glibc
import Logging
import ServiceLifecycle
import Synchronization

/// Ends the process where a shutdown does not come to its end, and tells what it waited for.
///
/// Whatever stands still: an agent that neither serves nor ends would keep the next one from its ports, and a machine from halting. Once
/// armed it needs none of the threads that others use, for what stands still may be all of them.
final class LastResort: Service {
    /// As sysexits.h has it: a fault of the program.
    static let exitCode = EX_SOFTWARE

    private let limit: Duration
    private let logger: Logger
    private let end: @Sendable () -> Void
    private let awaited = Mutex<[String]>([])
    private let queue = DispatchQueue(label: "LastResort")
    /// For the end itself: a log that stands still, too, is waited for a moment only.
    private let endQueue = DispatchQueue(label: "LastResort.end")
    private let signals: [CInt]
    private let sources = Mutex<[SignalSource]>([])
    private let isArmed = Atomic(false)
    private let isOver = Atomic(false)

    /// - Parameters:
    ///   - limit: how long a shutdown may take, from its beginning on.
    ///   - signals: begin a shutdown, also where nobody is left to heed them.
    ///   - end: ends the process at once.
    init(
        after limit: Duration, signals: [CInt] = [], logger: Logger,
        end: @escaping @Sendable () -> Void = { _exit(LastResort.exitCode) }
    ) {
        self.limit = limit
        self.signals = signals
        self.logger = logger
        self.end = end
    }

    var description: String { "LastResort" }

    /// Arms it with the graceful shutdown, or the cancellation, of its group.
    func run() async throws {
        // Not sooner: until its group heeds them they end the process by themselves.
        for signal in signals { arm(with: signal) }
        try? await gracefulShutdown()
        arm()
    }

    /// Counts the time from now on; the first call does.
    func arm() {
        guard !isArmed.exchange(true, ordering: .relaxed) else { return }
        let deadline = DispatchTime.now() + limit / .seconds(1)
        endQueue.asyncAfter(deadline: deadline + 1) { [self] in endOnce() }
        queue.asyncAfter(deadline: deadline) { [self] in
            guard !isOver.load(ordering: .acquiring) else { return }
            logger.critical(
                "a shutdown did not come to its end, and the agent was ended; nothing that was verified is lost",
                metadata: [
                    "after": "\(limit)", "waited_for": "\(awaited.withLock { $0.sorted().joined(separator: ", ") })",
                ])
            endOnce()
        }
    }

    private func endOnce() {
        if !isOver.exchange(true, ordering: .acquiringAndReleasing) { end() }
    }

    private func arm(with signal: CInt) {
        let source = DispatchSource.makeSignalSource(signal: signal, queue: queue)
        source.setEventHandler { [weak self] in self?.arm() }
        source.resume()
        let kept = SignalSource(source: source)
        sources.withLock { $0.append(kept) }
    }

    /// The shutdown has come to its end.
    func stop() {
        isOver.store(true, ordering: .releasing)
        for source in sources.withLock({ $0 }) { source.source.cancel() }
    }

    /// Does a part of the shutdown, which is named where it does not end.
    func waiting<Value>(for name: String, _ work: () async throws -> Value) async rethrows -> Value {
        awaited.withLock { $0.append(name) }
        defer { awaited.withLock { names in names.firstIndex(of: name).map { _ = names.remove(at: $0) } } }
        return try await work()
    }

    /// A service that is named where it does not end.
    func watching(_ service: any Service) -> any Service { Watched(service: service, by: self) }

    /// `@unchecked Sendable`: once it has been resumed, it is only cancelled, which any thread may do.
    private struct SignalSource: @unchecked Sendable {
        let source: any DispatchSourceSignal
    }

    private struct Watched: Service, CustomStringConvertible {
        let service: any Service
        let by: LastResort

        var description: String { "\(type(of: service))" }

        func run() async throws { try await by.waiting(for: description) { try await service.run() } }
    }
}
