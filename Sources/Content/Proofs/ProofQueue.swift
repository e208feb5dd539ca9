/// Decides which of the stretches that wait are hashed beside each other, and when. A value without I/O.
struct ProofQueue<Job> {
    /// How many stretches keep every lane busy.
    let width: Int
    /// How many batches run at once.
    let threads: Int
    /// Whether stretches wait for company while others are being hashed: that takes the least processor time. Where somebody waits
    /// for a blob its stretch begins at once.
    let gathers: Bool
    private var waiting: [Job] = []
    private var running = 0

    init(width: Int, threads: Int, gathers: Bool) {
        self.width = width
        self.threads = threads
        self.gathers = gathers
    }

    /// More stretches.
    /// - Returns: The batches to begin now.
    mutating func add(_ jobs: [Job]) -> [[Job]] {
        waiting += jobs
        return begin()
    }

    /// A batch has ended.
    /// - Returns: The batches to begin now.
    mutating func ended() -> [[Job]] {
        running -= 1
        return begin()
    }

    private mutating func begin() -> [[Job]] {
        var batches: [[Job]] = []
        while running < threads, !waiting.isEmpty, !gathers || running == 0 || waiting.count >= width {
            // Some more than there are lanes: they take the places of those that end early.
            let batch = Array(waiting.prefix(2 * width))
            waiting.removeFirst(batch.count)
            batches.append(batch)
            running += 1
        }
        return batches
    }
}
