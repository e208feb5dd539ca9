/// What went over the simulated network.
struct Traffic {
    var datagrams = 0
    var datagramBytes = 0
    /// Copies that arrived, at all nodes together.
    var received = 0
    var requests = 0
    /// Of HTTP bodies, not compressed.
    var bodyBytes = 0

    static func - (later: Traffic, earlier: Traffic) -> Traffic {
        Traffic(
            datagrams: later.datagrams - earlier.datagrams,
            datagramBytes: later.datagramBytes - earlier.datagramBytes,
            received: later.received - earlier.received,
            requests: later.requests - earlier.requests,
            bodyBytes: later.bodyBytes - earlier.bodyBytes)
    }
}
