import Synchronization

/// The interfaces, read again at most once every few seconds: they come and go, and every connection asks.
final class InterfaceCache: Sendable {
    /// One for the process: everybody sees the same interfaces.
    static let shared = InterfaceCache(scan: InterfaceScan.now)

    private struct Reading {
        var interfaces: [NetworkInterface]
        var at: ContinuousClock.Instant
    }

    private let scan: @Sendable () -> [NetworkInterface]
    private let lifetime: Duration
    private let reading = Mutex<Reading?>(nil)

    init(lifetime: Duration = .seconds(3), scan: @escaping @Sendable () -> [NetworkInterface]) {
        self.lifetime = lifetime
        self.scan = scan
    }

    func interfaces(now: ContinuousClock.Instant = .now) -> [NetworkInterface] {
        reading.withLock { reading in
            if let reading, now - reading.at < lifetime { return reading.interfaces }
            let interfaces = scan()
            reading = Reading(interfaces: interfaces, at: now)
            return interfaces
        }
    }
}
