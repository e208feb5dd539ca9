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
}
