import NIOPosix

/// Threads for work that blocks: disk writes and hashing never run on an event loop or on the cooperative pool.
struct WorkPool: Sendable {
    private let pool: NIOThreadPool

    init(_ pool: NIOThreadPool) {
        self.pool = pool
    }

    func run<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
        try await pool.runIfActive(work)
    }

    /// Does work that nobody waits for.
    /// - Parameter work: told whether the pool is there to do it; it is called in any case.
    func submit(_ work: @escaping @Sendable (_ isActive: Bool) -> Void) {
        pool.submit { work($0 == .active) }
    }
}
