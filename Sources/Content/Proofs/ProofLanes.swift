import Integrity
import Synchronization

/// Where stretches of all blobs that are being read meet, to be hashed beside each other: one blob's pieces, several blobs, or both.
final class ProofLanes: Sendable {
    /// How many stretches one thread hashes beside each other.
    let width: Int
    private let threads: ProvingThreads
    private let queue: Mutex<ProofQueue<Job>>
    private let tally: HashingTally

    init(threads: ProvingThreads, count: Int, urgency: ProofUrgency, tally: HashingTally) {
        width = LaneHasher.usualWidth
        self.threads = threads
        self.tally = tally
        queue = Mutex(ProofQueue(width: width, threads: count, gathers: urgency == .idle))
    }

    /// Hashes stretches. What has begun is finished, whoever is cancelled meanwhile: it is short.
    /// - Returns: The states that they lead to, in their order.
    /// - Throws: What kept the first of them from being read; `CancellationError` once the threads have ended.
    func ends(of runs: [ProofRun]) async throws -> [SHA256State] {
        guard !runs.isEmpty else { return [] }
        let results = await withCheckedContinuation { continuation in
            let gathering = Gathering(runs.count, continuation)
            let jobs = runs.enumerated().map { Job(run: $0.element, index: $0.offset, gathering: gathering) }
            begin(queue.withLock { $0.add(jobs) })
        }
        return try results.map { try $0.get() }
    }

    private func begin(_ batches: [[Job]]) {
        for batch in batches {
            threads.submit { [self] isActive in
                let results = isActive ? hash(batch) : batch.map { _ in .failure(CancellationError()) }
                // Before those who waited know: what they ask for next gathers with what waits already.
                let more = queue.withLock { $0.ended() }
                for (job, result) in zip(batch, results) { job.gathering.put(result, at: job.index) }
                begin(more)
            }
        }
    }

    private func hash(_ batch: [Job]) -> [Result<SHA256State, any Error>] {
        for job in batch { job.run.prefetch() }
        let began = ContinuousClock.now
        let results = LaneHasher().run(batch.map(\.run.job)).map { $0.map(\.end) }
        tally.hashed(batch.reduce(0) { $0 + $1.run.length }, since: began)
        for job in batch { job.run.letGo() }
        return results
    }

    private struct Job {
        var run: ProofRun
        var index: Int
        var gathering: Gathering
    }

    /// What has become of the stretches of one call.
    private final class Gathering: Sendable {
        typealias Results = [Result<SHA256State, any Error>]
        private let state: Mutex<(results: Results, missing: Int)>
        private let continuation: CheckedContinuation<Results, Never>

        init(_ count: Int, _ continuation: CheckedContinuation<Results, Never>) {
            state = Mutex((Results(repeating: .failure(CancellationError()), count: count), count))
            self.continuation = continuation
        }

        func put(_ result: Result<SHA256State, any Error>, at index: Int) {
            let results = state.withLock { state -> Results? in
                state.results[index] = result
                state.missing -= 1
                return state.missing == 0 ? state.results : nil
            }
            if let results { continuation.resume(returning: results) }
        }
    }
}
