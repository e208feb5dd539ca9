/// What this node says over mDNS and makes of what it hears, whichever daemon it speaks to: publication and view together, and how they
/// stand. A value; `MDNSService` is the shell around it.
struct MDNSConversation: Sendable {
    /// After the daemon has told what it knows, until those who answer late have done so, too.
    static let settling = Duration.seconds(10)
    /// The directory is told again who is there: it may have forgotten somebody meanwhile.
    static let interval = Duration.seconds(20)

    /// Interfaces are looked at.
    static let watching = Duration.seconds(5)

    enum Output: Sendable {
        case command(MDNSCommand)
        case sighted(Sighting)
        case lost(NodeID)
        case dropped(MDNSDrop)
    }

    /// What this node wants to be known.
    struct Offer: Sendable {
        var port: UInt16
        var record: MDNSRecord
        /// The kernel's numbers of the LAN interfaces.
        var interfaces: Set<Int32>
    }

    private(set) var state = MDNSState.starting
    /// Whether a daemon has answered in this session.
    var hasMetDaemon: Bool { isBrowsing }
    private var publication: MDNSPublication
    private var view: MDNSView
    private let alternative: @Sendable (String) -> String
    private let hasNeighbours: @Sendable (String) -> Bool
    private var isBrowsing = false
    private var settlesAt: ContinuousClock.Instant?
    private var toldAt: ContinuousClock.Instant?

    /// - Parameters:
    ///   - name: of the service.
    ///   - alternative: the name to try after one that is taken.
    ///   - hasNeighbours: whether neighbours may be behind the interface of this name.
    init(
        name: String, rules: MDNSView.Rules, alternative: @escaping @Sendable (String) -> String,
        hasNeighbours: @escaping @Sendable (String) -> Bool
    ) {
        publication = MDNSPublication(name: name)
        view = MDNSView(rules: rules)
        self.alternative = alternative
        self.hasNeighbours = hasNeighbours
    }

    // MARK: The session

    /// Another session: whatever hung on the old one is gone.
    mutating func begin() {
        publication.forget()
        view.beginAnew()
        isBrowsing = false
        settlesAt = nil
        state = .starting
    }

    mutating func end(because reason: String) {
        begin()
        state = .noDaemon(reason)
    }

    mutating func take(_ event: MDNSEvent, now: ContinuousClock.Instant) -> [Output] {
        switch event {
        case .daemon(let daemon): return take(daemon)
        case .lost: return []
        case .established(let interface):
            publication.established(on: interface)
            if publication.isEstablished { state = .running(name: publication.name) }
            return []
        case .collided(let interface):
            state = .collision(name: publication.name)
            publication.collided(on: interface, alternative: alternative, now: now)
            return []
        case .refused(let interface, _):
            publication.refused(on: interface, now: now)
            return []
        case .found(let instance, let interfaceName, let isOwn):
            guard !isOwn else { return [.dropped(.own)] }
            guard let interfaceName, hasNeighbours(interfaceName) else { return [.dropped(.notLAN)] }
            return outputs(of: view.found(instance))
        case .removed(let instance): return outputs(of: view.removed(instance))
        case .resolved(let instance, let resolution): return outputs(of: view.resolved(instance, resolution))
        case .unresolved(let instance): return outputs(of: view.unresolved(instance))
        case .settled:
            settlesAt = now + Self.settling
            return []
        }
    }

    private mutating func take(_ daemon: MDNSEvent.Daemon) -> [Output] {
        publication.daemon(isRunning: daemon == .running)
        switch daemon {
        case .away: state = .noDaemon("avahi-daemon does not run")
        case .registering, .running: state = .starting
        case .hostCollision: state = .collision(name: publication.name)
        }
        guard daemon != .away, !isBrowsing else { return [] }
        isBrowsing = true
        return [.command(.browse)]
    }

    /// A command was refused. What cannot be resolved is told of again by the daemon when it changes.
    mutating func failed(_ command: MDNSCommand, now: ContinuousClock.Instant) -> [Output] {
        switch command {
        case .publish(let interface, _), .update(let interface, _):
            publication.refused(on: interface, now: now)
            return []
        case .follow(let instance): return outputs(of: view.removed(instance))
        case .browse, .withdraw, .unfollow: return []
        }
    }

    // MARK: Time

    /// What is to be done by now.
    mutating func look(at offer: Offer, now: ContinuousClock.Instant) -> [Output] {
        var outputs = publication.plan(
            port: offer.port, strings: offer.record.strings, interfaces: offer.interfaces, now: now
        ).map(Output.command)
        if let settlesAt, now >= settlesAt {
            self.settlesAt = nil
            outputs += self.outputs(of: view.settle())
        }
        if toldAt.map({ now >= $0 + Self.interval }) ?? true {
            toldAt = now
            // Only what a daemon vouches for; without one the directory's own rules say how long a node counts.
            if isBrowsing { outputs += view.neighbours.map { .sighted($0.sighting) } }
        }
        return outputs
    }

    /// When `look` has more to say though nothing happens.
    func due(now: ContinuousClock.Instant) -> ContinuousClock.Instant {
        [publication.due(now: now), settlesAt, now + Self.watching].compactMap(\.self).min() ?? now
    }

    private func outputs(of changes: [MDNSView.Change]) -> [Output] {
        changes.map { change in
            switch change {
            case .follow(let instance): .command(.follow(instance))
            case .unfollow(let instance): .command(.unfollow(instance))
            case .seen(let neighbour): .sighted(neighbour.sighting)
            case .gone(let id): .lost(id)
            case .dropped(let reason): .dropped(reason)
            }
        }
    }
}
