import Glibc
import NIOPosix

/// The threads that read and hash blobs, away from those that serve them.
struct ProvingThreads: Sendable {
    private let pool: NIOThreadPool
    private let urgency: ProofUrgency

    init(count: Int, urgency: ProofUrgency) {
        pool = NIOThreadPool(numberOfThreads: count)
        pool.start()
        self.urgency = urgency
    }

    func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await pool.runIfActive { [urgency] in
            if urgency == .idle { Self.yieldToEverybody() }
            return try work()
        }
    }

    /// Runs work, or tells it that the threads have ended.
    func submit(_ work: @escaping @Sendable (_ isActive: Bool) -> Void) {
        pool.submit { [urgency] state in
            if urgency == .idle, state == .active { Self.yieldToEverybody() }
            work(state == .active)
        }
    }

    func shutdown() async {
        try? await pool.shutdownGracefully()
    }

    /// Makes the thread one that runs when no other wants the processor. Its reads follow: a thread without an I/O priority of
    /// its own has the one that goes with its scheduling, and for `SCHED_IDLE` that is the idle class (ioprio_set(2)).
    ///
    /// Best effort: where the system refuses, the work goes on as any other.
    private static func yieldToEverybody() {
        var parameters = sched_param()
        // Of 0 means the calling thread, not the process.
        _ = sched_setscheduler(0, LinuxConstants.idleScheduling, &parameters)
    }
}
