import NIOPosix

/// Work on files that may take long, away from the cooperative pool and from event loops.
enum BlockingWork {
    /// Runs `work` on NIO's pool of blocking threads and waits for it.
    ///
    /// Once asked for it is done: cancelling the waiting task must not leave half a change of a store.
    static func run<Value: Sendable>(
        _ work: @escaping @Sendable () throws(ContentError) -> Value
    ) async throws(ContentError) -> Value {
        let result: Result<Value, ContentError> = await withCheckedContinuation { continuation in
            NIOThreadPool.singleton.submit { state in
                guard state == .active else {
                    let error = ContentError(.io, "the pool of threads for files has been shut down")
                    continuation.resume(returning: .failure(error))
                    return
                }
                continuation.resume(returning: Result(catching: work))
            }
        }
        return try result.get()
    }
}
