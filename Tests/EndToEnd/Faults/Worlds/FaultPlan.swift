/// Which kinds are tried how often: by the environment, by dice, and never by the clock.
struct FaultPlan: Sendable {
    /// `FAULT_SEED`; the same one throws the same dice.
    let seed: UInt64
    /// `FAULT_FILTER`: only kinds whose names have it, or one of several parts with `|` between them, in them.
    let filter: String?
    /// `FAULT_REPEAT`: each kind so often.
    let times: Int?
    /// Everything, as often as a thousand trials take: `deploy/test --all`.
    let isWhole: Bool

    static let environment = FaultPlan(
        seed: Environment.all["FAULT_SEED"].flatMap { UInt64($0) } ?? 20_261_122,
        filter: Environment.all["FAULT_FILTER"],
        times: Environment.all["FAULT_REPEAT"].flatMap { Int($0) }, isWhole: Environment.all["DEPLOY_TEST_ALL"] == "1")

    /// What is asked for of some kinds.
    /// - Parameters:
    ///   - budget: seconds that the sample may take, by the kinds' own estimates.
    ///   - whole: how often each is tried where everything is.
    /// - Returns: each kind with how often it is tried.
    func choose<World>(_ kinds: [FaultKind<World>], budget: Double, whole: Int) -> [(FaultKind<World>, Int)] {
        if let filter {
            let parts = filter.split(separator: "|")
            return kinds.filter { kind in parts.contains { kind.name.contains($0) } }.map { ($0, times ?? 1) }
        }
        if isWhole { return kinds.map { ($0, times ?? whole) } }
        var left = budget
        var chosen: [(FaultKind<World>, Int)] = []
        var dice = SplitMix(seed)
        for kind in kinds.shuffled(using: &dice) where kind.cost <= left {
            left -= kind.cost
            chosen.append((kind, times ?? 1))
        }
        return chosen
    }

    /// What repeats a trial.
    func command(for name: String, trial: Int) -> String {
        "FAULT_SEED=\(seed) FAULT_FILTER='\(name)' FAULT_REPEAT=\(trial + 1) deploy/test FaultTests"
    }
}

/// A fault, and what is to come of it.
struct FaultKind<World: Sendable>: Sendable {
    /// What is promised to the client whose pull it befalls. In all cases it gets no wrong byte of an answer that ends well.
    enum Expectation: Sendable {
        /// All bytes come, if need be from the registry that the client falls back on.
        case completes
        /// Upstream itself was the liar, and its bytes go out as they come, or nobody could be reached: the pull may fail. The next
        /// may not.
        case mayFail
    }

    let name: String
    let expectation: Expectation
    /// Seconds that a trial takes, about.
    let cost: Double
    /// Whether nothing else may go on beside it.
    var isAlone = false
    /// Whether another source is well, so that Shoal needs no help from the client. One trial says nothing of that: a busy machine is slow.
    var helpsItself = false
    let trial: @Sendable (World, inout SplitMix) async throws -> Trial
}

/// What came of one trial.
struct Trial: Sendable {
    /// Whether the fault came about: a source that nobody asked did no harm.
    var struck = true
    var outcome = RuntimeClient.Outcome()
    /// From the mending until an ordinary pull of the same image succeeded.
    var healthy: Duration?
    /// Ordinary pulls that had to be tried again after the mending.
    var retries = 0
    /// Blobs that were held before and are not now, or not as they were.
    var lost: [String] = []
    /// Files with a digest for a name that is not theirs, and bytes in them.
    var damaged: [String] = []
    /// What else is not as it should be.
    var complaints: [String] = []
}
