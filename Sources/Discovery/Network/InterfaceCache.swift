import Synchronization

/// The interfaces, read again at most once every few seconds: they come and go, and every connection asks.
final class InterfaceCache: Sendable {
    /// One for the process: everybody sees the same interfaces.
    static let shared = InterfaceCache(scan: InterfaceScan.now)

    private struct Reading {
        var interfaces: [NetworkInterface]
        var neighbourhood: Neighbourhood
        var at: ContinuousClock.Instant
    }

    private let scan: @Sendable () -> [NetworkInterface]
    private let lifetime: Duration
    private let reading = Mutex<Reading?>(nil)

    init(lifetime: Duration = .seconds(3), scan: @escaping @Sendable () -> [NetworkInterface]) {
        self.lifetime = lifetime
        self.scan = scan
    }

    func interfaces(now: ContinuousClock.Instant = .now) -> [NetworkInterface] { current(now).interfaces }

    func neighbourhood(now: ContinuousClock.Instant = .now) -> Neighbourhood { current(now).neighbourhood }

    /// Reads them now: whoever looks every second sees changes within a second, and so does everybody else.
    func refresh(now: ContinuousClock.Instant = .now) {
        let interfaces = scan()
        let fresh = Reading(interfaces: interfaces, neighbourhood: Neighbourhood(interfaces), at: now)
        reading.withLock { $0 = fresh }
    }

    private func current(_ now: ContinuousClock.Instant) -> Reading {
        reading.withLock { reading in
            if let reading, now - reading.at < lifetime { return reading }
            let interfaces = scan()
            let fresh = Reading(interfaces: interfaces, neighbourhood: Neighbourhood(interfaces), at: now)
            reading = fresh
            return fresh
        }
    }
}
