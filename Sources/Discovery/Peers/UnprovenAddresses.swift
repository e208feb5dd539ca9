/// Addresses where somebody is said to be who has not answered there yet. Datagrams of many invented nodes can name one: whatever they say, it is
/// asked one question at a time, and more and more rarely while no answer comes.
struct UnprovenAddresses: Sendable {
    /// Of more than these the one that may be asked soonest is forgotten.
    static let limit = 4096
    /// An address that is left alone for so long begins anew.
    static let memory = Duration.seconds(120)

    private struct Trial: Sendable {
        var running: Inquiry?
        var failures = 0
        var notBefore: ContinuousClock.Instant
    }

    private var trials: [String: Trial] = [:]

    /// How many are remembered.
    var count: Int { trials.count }

    /// When a question may be asked at a host; nil while another is under way.
    func due(at host: String, now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard let trial = trials[host] else { return now }
        return trial.running == nil ? max(trial.notBefore, now) : nil
    }

    mutating func begin(_ inquiry: Inquiry, now: ContinuousClock.Instant) {
        let host = inquiry.address.host
        if trials[host] == nil, trials.count >= Self.limit {
            let soonest = trials.filter { $0.value.running == nil }.min { $0.value.notBefore < $1.value.notBefore }
            if let soonest { trials[soonest.key] = nil }
        }
        trials[host, default: Trial(notBefore: now)].running = inquiry
    }

    /// An inquiry has ended; of one that did not begin here nothing is taken up.
    /// - Parameter isProven: whether the node that was asked for has answered.
    mutating func finish(_ id: NodeID, at address: PeerAddress, isProven: Bool, now: ContinuousClock.Instant) {
        guard var trial = trials[address.host], let running = trial.running, running.node == id,
            running.address == address
        else { return }
        trial.running = nil
        trial.failures += 1
        trial.notBefore = now + Backoff.inquiry.delay(after: trial.failures)
        trials[address.host] = isProven ? nil : trial
    }

    /// Forgets what is long past.
    mutating func tick(now: ContinuousClock.Instant) {
        trials = trials.filter { $0.value.running != nil || now - $0.value.notBefore < Self.memory }
    }
}
