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
    private let isArmed = Atomic(false)
    private let isOver = Atomic(false)

    /// - Parameters:
    ///   - limit: how long a shutdown may take, from its beginning on.
    ///   - end: ends the process at once.
    init(
        after limit: Duration, logger: Logger, end: @escaping @Sendable () -> Void = { _exit(LastResort.exitCode) }
    ) {
        self.limit = limit
        self.logger = logger
        self.end = end
    }

    var description: String { "LastResort" }

    /// Arms it with the graceful shutdown, or the cancellation, of its group.
    func run() async throws {
        try? await gracefulShutdown()
        arm()
    }

    /// Counts the time from now on; the first call does.
    func arm() {
        guard !isArmed.exchange(true, ordering: .relaxed) else { return }
        queue.asyncAfter(deadline: .now() + limit / .seconds(1)) { [self] in
            guard !isOver.load(ordering: .acquiring) else { return }
            logger.critical(
                "a shutdown did not come to its end, and the agent was ended; nothing that was verified is lost",
                metadata: [
                    "after": "\(limit)", "waited_for": "\(awaited.withLock { $0.sorted().joined(separator: ", ") })",
                ])
            end()
        }
    }

    /// The shutdown has come to its end.
    func stop() {
        isOver.store(true, ordering: .releasing)
    }

    /// Does a part of the shutdown, which is named where it does not end.
    func waiting<Value>(for name: String, _ work: () async throws -> Value) async rethrows -> Value {
        awaited.withLock { $0.append(name) }
        defer { awaited.withLock { names in names.firstIndex(of: name).map { _ = names.remove(at: $0) } } }
        return try await work()
    }

    /// A service that is named where it does not end.
    func watching(_ service: any Service) -> any Service { Watched(service: service, by: self) }

    private struct Watched: Service, CustomStringConvertible {
        let service: any Service
        let by: LastResort

        var description: String { "\(type(of: service))" }

        func run() async throws { try await by.waiting(for: description) { try await service.run() } }
    }
}
