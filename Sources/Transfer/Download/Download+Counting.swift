import Discovery
import Synchronization

/// What a download tells the counters.
extension Download {
    /// What became of it, as far as that is known.
    var outcome: DownloadOutcome {
        switch state.withLock({ ($0.stored, $0.plan.phase) }) {
        case (.some, _): .stored
        case (nil, .verified): .unkept
        case (nil, .failed(.stopping, _)), (nil, .fetching): .abandoned
        case (nil, .failed): .failed
        }
    }

    /// The first source has answered.
    func noteSource() {
        let isFirst = state.withLock { state in
            defer { state.hasSource = true }
            return !state.hasSource
        }
        if isFirst { context.counters.lookedUp(within: started.duration(to: .now)) }
    }

    /// Tells the counters who gave what since they last heard.
    func creditPeers() {
        let news = state.withLock { state in
            defer { state.credited = state.bytes.peers }
            return state.bytes.peers.merging(state.credited) { $0 - $1 }
        }
        context.counters.credit(news)
    }
}
