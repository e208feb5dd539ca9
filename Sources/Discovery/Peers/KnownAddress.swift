/// One address of a peer and what is known of it.
struct KnownAddress: Sendable {
    /// An address that a peer could have.
    struct Place: Sendable {
        var ip: IPAddress
        var port: UInt16
        var address: PeerAddress { PeerAddress(host: ip.description, port: Int(port)) }

        /// Nil for what is no IP literal, no port, or nobody's address.
        init?(_ address: PeerAddress) {
            guard let ip = IPAddress(address.host), !ip.isSenderless, let port = UInt16(exactly: address.port), port > 0
            else { return nil }
            self.ip = ip
            self.port = port
        }
    }

    let ip: IPAddress
    let address: PeerAddress
    /// Whether the peer may be asked here. Anybody can send a datagram that names somebody else's node, so an address counts when
    /// `GET /v1/node` has answered there with the node's id. Without a key and without TLS the first one counts at once, so
    /// that nodes find each other in one datagram.
    var isConfirmed: Bool
    /// On a subnet of this machine.
    var isNeighbour: Bool
    /// Somebody's datagram told of it, with the key's code where there is a key.
    var isVouchedFor: Bool
    var heardAt: ContinuousClock.Instant
    var workedAt: ContinuousClock.Instant?
    /// Refusals and silences in a row.
    var failures = 0
    /// Answers broken off in a row.
    var breaks = 0
    /// Not asked until then.
    var asideUntil: ContinuousClock.Instant?
    /// `GET /v1/node`.
    var confirmation = Attempt()

    init(
        ip: IPAddress, port: UInt16, isConfirmed: Bool, isNeighbour: Bool = true, isVouchedFor: Bool = true,
        now: ContinuousClock.Instant
    ) {
        self.ip = ip
        address = PeerAddress(host: ip.description, port: Int(port))
        self.isConfirmed = isConfirmed
        self.isNeighbour = isNeighbour
        self.isVouchedFor = isVouchedFor
        heardAt = now
    }

    func isAside(now: ContinuousClock.Instant) -> Bool {
        asideUntil.map { now < $0 } ?? false
    }

    mutating func worked(now: ContinuousClock.Instant) {
        workedAt = now
        failures = 0
        breaks = 0
        asideUntil = nil
    }

    /// Refused, or silent. What many requests at once say together counts once.
    mutating func failed(now: ContinuousClock.Instant) {
        guard !isAside(now: now) else { return }
        failures += 1
        breaks = 0
        asideUntil = now + Backoff.refusal.delay(after: failures)
    }

    /// Whether to ask here before asking at `other`: not aside; then what others than this link know, too; then on a subnet of this
    /// machine; then the one that worked last; then in the order of RFC 8305, IPv6 before IPv4; then the one heard last.
    func isBetter(than other: KnownAddress, now: ContinuousClock.Instant) -> Bool {
        let aside = (isAside(now: now), other.isAside(now: now))
        if aside.0 != aside.1 { return aside.1 }
        if ip.isLinkLocal != other.ip.isLinkLocal { return other.ip.isLinkLocal }
        if isNeighbour != other.isNeighbour { return isNeighbour }
        switch (workedAt, other.workedAt) {
        case (let mine?, let theirs?) where mine != theirs: return mine > theirs
        case (.some, nil): return true
        case (nil, .some): return false
        default:
            if ip.family != other.ip.family { return ip.family == .v6 }
            return heardAt > other.heardAt
        }
    }
}
