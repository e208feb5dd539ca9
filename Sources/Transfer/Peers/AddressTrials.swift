import Discovery

/// At which of a peer's addresses to ask, one after another, and until when: a pull waits 300 ms in all for a peer that is dead. Time is a
/// parameter.
struct AddressTrials: Sendable {
    /// For all addresses of the peer together.
    static let budget: Duration = .milliseconds(300)
    /// For one connection; the client ends it then.
    static let connection = PeerPatience().connect
    /// Timers are late; a second address must not be lost to that.
    static let lateness: Duration = .milliseconds(20)

    private var addresses: ArraySlice<PeerAddress>
    private let began: ContinuousClock.Instant

    /// - Parameter addresses: best first.
    init(_ addresses: [PeerAddress], began: ContinuousClock.Instant) {
        self.addresses = addresses[...]
        self.began = began
    }

    /// The next one; nil where none is left, or no time for a connection that nobody answers.
    mutating func next(at now: ContinuousClock.Instant) -> PeerAddress? {
        guard now - began + Self.connection <= Self.budget + Self.lateness else { return nil }
        return addresses.popFirst()
    }
}
