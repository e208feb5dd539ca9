/// What of this node is published, on which interfaces, and what to change. A value with the time as a parameter.
///
/// The service is published interface by interface, so that the bridges of container engines and loopback are left out and an
/// interface that comes or goes does not disturb the others. mDNS asks for no more than one update a second
/// (RFC 6762 §6).
struct MDNSPublication: Sendable {
    /// avahi-daemon probes for up to 1.25 s before it announces what was updated, and begins anew at the next update: one a second would
    /// never be announced.
    static let spacing = Duration.milliseconds(1500)
    /// Changes come in bursts: the first of them must not use up the second that the others would have to wait.
    static let coalescing = Duration.milliseconds(100)
    /// After a collision or a refusal; a responder that claims every name must not be answered at its own pace.
    static let retry = Backoff(first: .milliseconds(250), longest: .seconds(60))
    static let interfaces = 16

    private struct Place: Sendable {
        var announcement: MDNSAnnouncement
        var isEstablished = false
    }

    /// Of the service.
    private(set) var name: String
    private var places: [Int32: Place] = [:]
    private var mayPublish = false
    private var changedAt: ContinuousClock.Instant?
    /// When it was first seen that what is published is not what is wanted.
    private var staleSince: ContinuousClock.Instant?
    private var failures = 0
    private var notBefore: ContinuousClock.Instant?

    init(name: String) {
        self.name = name
    }

    /// A name that is this node's alone unless somebody wants it to collide: hosts made from one image are often called the same.
    static func name(of identity: NodeIdentity) -> String {
        let suffix = " " + identity.id.hex.prefix(8)
        let host = PrintableName(fitting: identity.name).text
        return String(
            host.utf8.prefix(MDNSLimits.serviceName - suffix.utf8.count).map { Character(Unicode.Scalar($0)) })
            + suffix
    }

    /// Whether others can find this node.
    var isEstablished: Bool { places.values.contains(where: \.isEstablished) }

    // MARK: What the daemon tells

    /// The session is another one: nothing is published.
    mutating func forget() {
        places = [:]
        mayPublish = false
        staleSince = nil
    }

    /// - Parameter isRunning: whether the daemon has a host name. While it looks for one, and after it has another one, what was published
    ///   names a host that is not there.
    mutating func daemon(isRunning: Bool) {
        if !isRunning { places = [:] }
        mayPublish = isRunning
    }

    mutating func established(on interface: Int32) {
        places[interface]?.isEstablished = true
        failures = 0
    }

    /// Somebody else has the name.
    mutating func collided(on interface: Int32, alternative: (String) -> String, now: ContinuousClock.Instant) {
        // Interfaces collide one after the other; the first one has changed the name for all.
        guard places[interface] != nil else { return }
        name = alternative(name)
        places = [:]
        postpone(now: now)
    }

    mutating func refused(on interface: Int32, now: ContinuousClock.Instant) {
        places[interface] = nil
        postpone(now: now)
    }

    private mutating func postpone(now: ContinuousClock.Instant) {
        failures += 1
        notBefore = now + Self.retry.delay(after: failures)
    }

    // MARK: What to do

    /// What leads from what is published to what is wanted, as far as it may be done now.
    mutating func plan(
        port: UInt16, strings: [[UInt8]], interfaces: Set<Int32>, now: ContinuousClock.Instant
    ) -> [MDNSCommand] {
        guard mayPublish else { return [] }
        let wanted = MDNSAnnouncement(name: name, port: port, strings: strings)
        let interfaces = interfaces.sorted().prefix(Self.interfaces)
        var commands: [MDNSCommand] = []
        for interface in places.keys.sorted() where !interfaces.contains(interface) {
            places[interface] = nil
            commands.append(.withdraw(interface: interface))
        }
        if notBefore.map({ now >= $0 }) ?? true {
            for interface in interfaces where places[interface] == nil {
                places[interface] = Place(announcement: wanted)
                commands.append(.publish(interface: interface, wanted))
            }
        }
        // What is being probed for is not touched; it is updated when it is established.
        let stale = places.filter { $0.value.isEstablished && $0.value.announcement != wanted }.keys.sorted()
        staleSince = stale.isEmpty ? nil : staleSince ?? now
        guard let updatesAt, now >= updatesAt else { return commands }
        for interface in stale {
            places[interface]?.announcement = wanted
            commands.append(.update(interface: interface, wanted))
        }
        changedAt = now
        staleSince = nil
        return commands
    }

    private var updatesAt: ContinuousClock.Instant? {
        staleSince.map { since in
            max(since + Self.coalescing, changedAt.map { $0 + Self.spacing } ?? since)
        }
    }

    /// When `plan` may have more to say though nothing has happened; nil where only an event changes anything.
    func due(now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        [notBefore, updatesAt].compactMap(\.self).filter { $0 > now }.min()
    }
}
