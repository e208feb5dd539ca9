import Glibc

/// What all nodes of a LAN together may say. Each computes its own share from how many there are; nobody has to agree on anything.
struct LANBudget: Sendable, Equatable {
    /// Datagrams a second, whatever the LAN's size.
    static let total = 200.0
    /// Of these, what goes to Hellos that come by the clock. The rest is for changes, welcomes, introductions and questions.
    static let presence = 100.0
    /// What saying again who fetches what may take of it.
    static let wants = 50.0

    /// This node included.
    var nodes: Int
    /// That one message to everybody takes: one a network.
    var datagrams: Int

    /// The time in which everybody may speak once.
    var turn: Duration { .seconds(Double(nodes * max(1, datagrams)) / Self.presence) }

    /// When more than this is heard, what somebody begins or ends to fetch waits as well, which otherwise goes before other news. What
    /// fits between the Hellos and this goes out in a burst; that and the second after it stay below the total together.
    /// - Parameter shortest: between two Hellos.
    func urgent(_ shortest: Duration) -> Double {
        let hellos = Double(nodes * max(1, datagrams)) / interval(shortest).inSeconds
        return (0.9 * Self.total + hellos) / 2
    }

    /// Between two Hellos.
    func interval(_ shortest: Duration) -> Duration {
        min(max(shortest, turn), max(shortest, BeaconLimits.longestInterval))
    }
}

/// How much is being said on the LAN, as heard from here: datagrams over about the last second.
struct TrafficMeter: Sendable {
    private var level = 0.0
    private var updatedAt: ContinuousClock.Instant?

    mutating func add(_ datagrams: Int, now: ContinuousClock.Instant) {
        level = rate(now: now) + Double(datagrams)
        updatedAt = max(updatedAt ?? now, now)
    }

    /// Datagrams a second.
    func rate(now: ContinuousClock.Instant) -> Double {
        guard let updatedAt, now > updatedAt else { return level }
        return level * exp(-(now - updatedAt).inSeconds)
    }
}
