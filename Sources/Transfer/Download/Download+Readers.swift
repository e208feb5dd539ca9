import Content
import OCI
import Synchronization

/// Readers, and what they wait for.
extension Download {
    /// Whether a registry is asked here, or no other is yet; nil: whichever is.
    func asks(_ registry: RegistryName?) -> Bool { state.withLock { $0.asks(registry) } }

    /// A new reader; nil when the download has ended, or asks another registry, and another must be begun.
    func reader(_ intent: DownloadPlan.Intent, origin: Origin?) -> SpoolReader? {
        let joined: (id: Int, isFirstOrigin: Bool)? = state.withLock { state in
            guard !state.isClosed, state.asks(origin?.registry) else { return nil }
            let isFirst = state.origins.isEmpty && origin != nil
            if let origin, !state.origins.contains(origin), state.origins.count < 8 {
                state.origins.append(origin)
                // What other repositories refuse, this one may give.
                if state.plan.upstreamRefusal != nil { state.plan.forgiveUpstream() }
            }
            let id = state.nextReader
            state.nextReader += 1
            state.plan.addReader(id, intent, now: .now)
            state.idleSince = nil
            return (id, isFirst)
        }
        guard let joined else { return nil }
        if joined.isFirstOrigin, let origin = SpoolOrigin(origin?.registry, as: identity) { spool.note(origin) }
        evaluate()
        return SpoolReader(download: self, id: joined.id)
    }

    func removeReader(_ id: Int) {
        let waiter = state.withLock { state -> Waiter? in
            state.plan.removeReader(id)
            if !state.plan.isWanted { state.idleSince = .now }
            return state.waiters.removeValue(forKey: id)
        }
        waiter?.continuation.resume(throwing: CancellationError())
    }

    /// Waits until the reader may have bytes at `offset`.
    /// - Returns: the end of what may go out from there.
    func wait(_ id: Int, at offset: Int64) async throws -> Int64 {
        while true {
            try Task.checkCancellation()
            switch state.withLock({ $0.plan.read(id, at: offset, now: .now) }) {
            case .ready(let end): return end
            case .failed(let code, let message): throw FetchError(code, "\(digest): \(message)")
            case .wait: break
            }
            // A reader that no run is about to reach may be due one of its own.
            if state.withLock({ !$0.plan.isServed(id) }) { evaluate() }
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    let isWaiting = state.withLock { state in
                        guard state.plan.read(id, at: offset, now: .now) == .wait else { return false }
                        state.waiters[id] = Waiter(offset: offset, continuation: continuation)
                        return true
                    }
                    if !isWaiting { continuation.resume() }
                    // Cancelled before the waiter was there: the handler below has found nobody to wake.
                    if Task.isCancelled { wake(id) }
                }
            } onCancel: {
                wake(id)
            }
        }
    }

    /// Lets a waiting reader look again.
    private func wake(_ id: Int) {
        state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume()
    }

    /// Lets those readers look again whose bytes have come, or will not come any more.
    func wakeReaders() {
        let (ready, peers) = state.withLock { state -> ([Waiter], [PeerWaiter]) in
            var ready: [Waiter] = []
            for (id, waiter) in state.waiters where state.plan.read(id, at: waiter.offset, now: .now) != .wait {
                ready.append(waiter)
                state.waiters[id] = nil
            }
            var peers: [PeerWaiter] = []
            for (id, waiter) in state.peers where state.isClosed || state.plan.offer(waiter.range) != .coming {
                peers.append(waiter)
                state.peers[id] = nil
            }
            return (ready, peers)
        }
        for waiter in ready { waiter.continuation.resume() }
        for waiter in peers { waiter.continuation.resume() }
    }
}
