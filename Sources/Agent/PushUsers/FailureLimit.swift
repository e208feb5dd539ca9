/// How many wrong passwords an address may send: ten at once, and then one every six seconds.
struct FailureLimit: Sendable {
    static let burst = 10.0
    /// How long it takes until one more may be tried.
    static let interval: Duration = .seconds(6)
    /// Addresses that are remembered.
    static let capacity = 1024

    private struct Allowance {
        var left: Double
        var time: ContinuousClock.Instant

        func now(_ now: ContinuousClock.Instant) -> Double {
            min(burst, left + (now - time) / interval)
        }
    }

    private var addresses: [String: Allowance] = [:]

    /// Takes one try.
    /// - Returns: nil if it may be made; else the seconds after which the next may be.
    mutating func take(_ address: String, at now: ContinuousClock.Instant) -> Int? {
        let left = addresses[address]?.now(now) ?? Self.burst
        guard left >= 1 else {
            return max(1, Int(((1 - left) * (Self.interval / .seconds(1))).rounded(.up)))
        }
        if addresses[address] == nil { makeRoom(now) }
        addresses[address] = Allowance(left: left - 1, time: now)
        return nil
    }

    /// The try was none: the password was right, or nobody looked.
    mutating func giveBack(_ address: String, at now: ContinuousClock.Instant) {
        guard let allowance = addresses[address] else { return }
        let left = allowance.now(now) + 1
        addresses[address] = left < Self.burst ? Allowance(left: left, time: now) : nil
    }

    var count: Int { addresses.count }

    /// Forgets who has all their tries again; where nobody has, who has most.
    private mutating func makeRoom(_ now: ContinuousClock.Instant) {
        guard addresses.count >= Self.capacity else { return }
        addresses = addresses.filter { $0.value.now(now) < Self.burst }
        guard addresses.count >= Self.capacity,
            let least = addresses.max(by: { $0.value.now(now) < $1.value.now(now) })
        else { return }
        addresses[least.key] = nil
    }
}
