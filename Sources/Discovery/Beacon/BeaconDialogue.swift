import OCI

/// What a node says on the beacon and when, and what it makes of what it hears: every decision between datagrams and the directory,
/// over no socket and by no clock. `BeaconLink` carries them out over UDP, the benchmark of discovery over a network in memory.
struct BeaconDialogue: Sendable {
    /// What follows from a datagram.
    struct Reaction: Sendable {
        /// Something is to be asked over HTTP.
        var wantsInquiry = false
        /// Blobs or tags are known that were not.
        var hasNews = false
        var answer: Answer?
        /// Somebody else asked this: no need to ask it from here.
        var overheard: Beacon.WhoHas?
        /// Blobs that somebody began to fetch or fetches no longer.
        var wanted: Set<Digest> = []
    }

    /// A datagram to go to whoever asked, or to the whole LAN, after a while; then `answerSent` is to be called.
    struct Answer: Sendable {
        var datagram: [UInt8]
        /// Nil for everybody.
        var target: BeaconTarget?
        var delay: Duration
    }

    private static let inlineChanges = 20
    /// The longest, so that the holders on a LAN do not answer in one voice.
    private static let answerDelay = Duration.milliseconds(20)

    private let around: BeaconSurroundings
    private var flood: FloodGate
    private var answers: AnswerGate
    private var book = AnswerBook()
    private var meter = TrafficMeter()
    private var schedule: HelloSchedule
    /// Where messages to everybody go.
    private var targets: [BeaconTarget] = []
    private var ownAddresses: [IPAddress] = []
    private var introductionsDue: ContinuousClock.Instant
    /// The version that the last Hello led to, and the one before it.
    private var announced: UInt64 = 0
    private var announcedBefore: UInt64 = 0

    init(_ around: BeaconSurroundings, start: ContinuousClock.Instant) {
        self.around = around
        flood = FloodGate(rates: .init(around.configuration.datagrams))
        answers = AnswerGate(rates: around.configuration.answerRates)
        schedule = HelloSchedule(timing: around.configuration.timing, start: start)
        introductionsDue = start + Self.firstIntroductions
    }

    /// The networks are these from now on.
    mutating func networkChanged(to neighbourhood: Neighbourhood, at now: ContinuousClock.Instant) {
        let networks = around.configuration.broadcasts ? neighbourhood.targets(port: around.configuration.port) : []
        let targets = around.configuration.targets?() ?? networks
        let own = around.configuration.advertise.isEmpty ? neighbourhood.ownAddresses : around.configuration.advertise
        guard Set(targets) != Set(self.targets) || own != ownAddresses else { return }
        self.targets = targets
        ownAddresses = own
        schedule.networkChanged(at: now)
    }

    private func budget(_ now: ContinuousClock.Instant) -> LANBudget {
        LANBudget(nodes: around.directory.population(now: now) + 1, datagrams: targets.count + links(now).count)
    }

    private func links(_ now: ContinuousClock.Instant) -> [BeaconTarget] {
        around.directory.links(port: around.configuration.port, now: now)
    }

    /// Where a message to everybody goes now: to the LANs, and to nodes beyond them.
    func audience(at now: ContinuousClock.Instant) -> [BeaconTarget] {
        (around.configuration.targets?() ?? targets) + links(now)
    }

    // MARK: Hello

    /// When something is to be said next: `hello`, or `wants`.
    var due: ContinuousClock.Instant { around.wants.due.map { min($0, schedule.due) } ?? schedule.due }

    /// When `hello` is to be said next.
    var helloDue: ContinuousClock.Instant { schedule.due }

    /// When nodes are to be introduced to each other next.
    private static let firstIntroductions = Duration.seconds(2)

    mutating func inventoryChanged(at now: ContinuousClock.Instant) {
        schedule.inventoryChanged(at: now)
    }

    /// The Hello that is due, which counts as said now. Nil where the LAN is too busy for one that is not due by the clock: it is put
    /// off, and says more when it goes.
    /// - Parameter random: 0 up to 1, new each time.
    mutating func hello(at now: ContinuousClock.Instant, random: Double) -> BeaconSaying? {
        let budget = budget(now)
        if !schedule.isRegular(at: now), meter.rate(now: now) > LANBudget.total - LANBudget.presence {
            schedule.postpone(until: now + max(around.configuration.timing.changeSpacing, budget.turn * random))
            return nil
        }
        let interval = budget.interval(around.configuration.timing.interval)
        meter.add(budget.datagrams, now: now)
        let news = news()
        announcedBefore = announced
        announced = news.version
        schedule.sent(at: now, interval: interval, random: random)
        return BeaconSaying(
            payload: .hello(hello(news, changes: news.changes, interval)),
            fallback: .hello(hello(news, changes: nil, interval)))
    }

    /// What has changed, with what the last Hello said of it where that fits: who missed that one hears it now.
    private func news() -> InventoryState.Announcement {
        let news = around.inventory.announcement(since: announcedBefore, limit: Self.inlineChanges)
        guard news.changes == nil, announcedBefore < announced else { return news }
        return around.inventory.announcement(since: announced, limit: Self.inlineChanges)
    }

    private func hello(
        _ news: InventoryState.Announcement, changes: InventoryState.Changes?, _ interval: Duration
    ) -> Beacon.Hello {
        Beacon.Hello(
            httpPort: UInt16(clamping: around.configuration.httpPort),
            name: PrintableName(fitting: around.identity.name).text,
            interval: interval, version: news.version, count: UInt64(news.count), changes: changes,
            addresses: Array(ownAddresses.prefix(BeaconLimits.addresses)))
    }

    // MARK: Wants

    /// How many there are on the LAN may have changed.
    func paceWants(at now: ContinuousClock.Instant) {
        around.wants.keep(budget(now))
    }

    /// What is due to be said of what this node is fetching, which counts as said now.
    /// - Parameter random: 0 up to 1, new each time.
    mutating func wants(at now: ContinuousClock.Instant, random: Double) -> [BeaconSaying] {
        guard let due = around.wants.due, due <= now else { return [] }
        let budget = budget(now)
        let isBusy = meter.rate(now: now) > budget.urgent(around.configuration.timing.interval)
        let wants = around.wants.say(at: now, isBusy: isBusy, random: random)
        meter.add(wants.count * budget.datagrams, now: now)
        return wants.map { BeaconSaying(payload: .want($0)) }
    }

    // MARK: Introductions

    /// What nodes that may not hear each other are to be told of each other now. Nil as the target means everybody on the LAN.
    /// - Parameter random: 0 up to 1, new each time.
    mutating func introductions(
        at now: ContinuousClock.Instant, random: Double
    ) -> [(target: BeaconTarget?, saying: BeaconSaying)] {
        // What is new is told at the next turn, the rest now and then; at random, so that of many who could tell the same one tells it
        // and the others hear that.
        let isRound = now >= introductionsDue
        if isRound { introductionsDue = now + PeerTable.introductionInterval * (0.7 + 0.3 * random) }
        let toAll = Self.sayings(around.directory.introductionsToNeighbours(isRound: isRound, now: now)).map {
            (BeaconTarget?.none, $0)
        }
        let toLinks = around.directory.introductionsToLinks(
            port: around.configuration.port, isRound: isRound, now: now
        ).flatMap { target, nodes in Self.sayings(nodes).map { (Optional(target), $0) } }
        meter.add(toAll.count, now: now)
        return toAll + toLinks
    }

    private static func sayings(_ nodes: [Beacon.Introduced]) -> [BeaconSaying] {
        stride(from: 0, to: nodes.count, by: BeaconLimits.introduced).map { from in
            let some = nodes[from..<min(from + BeaconLimits.introduced, nodes.count)]
            return BeaconSaying(payload: .introduction(Array(some)))
        }
    }

    // MARK: Questions

    /// A question is made as long as its answer may be: nobody answers with more than was asked with.
    static func question(_ question: Beacon.WhoHas) -> BeaconSaying {
        let references = question.references.map {
            $0.description.utf8.count + BeaconLimits.mediaType + 90 + ($0.registry == nil ? BeaconLimits.localName : 0)
        }
        let length = 120 + 90 * question.digests.count + references.reduce(0, +)
        return BeaconSaying(payload: .whoHas(question), length: length)
    }

    /// What of it is here, in a datagram no longer than the question; nil where nothing is, or nothing fits.
    private func answer(to question: Beacon.WhoHas, limit: Int) -> [UInt8]? {
        var have = Beacon.Have(
            question: question.question, httpPort: UInt16(clamping: around.configuration.httpPort),
            blobs: question.digests.compactMap { around.inventory.entry(of: $0) },
            references: question.references.compactMap { around.inventory.reference($0) })
        while !have.blobs.isEmpty || !have.references.isEmpty {
            if let bytes = around.datagram(.have(have), limit: limit) { return bytes }
            if have.references.popLast() == nil { have.blobs.removeLast() }
        }
        return nil
    }

    private mutating func answer(
        _ question: Beacon.WhoHas, of length: Int, by node: NodeID, to asker: BeaconTarget,
        now: ContinuousClock.Instant, random: Double
    ) throws(BeaconDrop) -> Answer? {
        guard isOneOfFew(to: question),
            let datagram = answer(to: question, limit: min(length, BeaconLimits.datagram))
        else { return nil }
        guard answers.admit(asker.ip, now: now) else { throw .questionLimit }
        switch book.audience(of: question, from: node, now: now) {
        case .asker:
            return Answer(datagram: datagram, target: asker, delay: Self.answerDelay * random)
        case .everybody:
            return Answer(datagram: datagram, target: nil, delay: Self.answerDelay * random)
        case .nobody:
            answers.sent()
            return nil
        }
    }

    /// Where many are known to hold what is asked for, a few of them answer.
    private func isOneOfFew(to question: Beacon.WhoHas) -> Bool {
        guard question.references.isEmpty, question.digests.count == 1 else { return true }
        return around.directory.holdersBefore(
            around.identity.id, of: question.digests[0], question: question.question) < AnswerBook.answerers
    }

    mutating func answerSent() {
        answers.sent()
    }

    // MARK: Hearing

    /// Takes up a datagram.
    /// - Parameter random: 0 up to 1, new each time.
    mutating func hear(
        _ datagram: [UInt8], from source: BeaconTarget, now: ContinuousClock.Instant, random: Double
    ) throws(BeaconDrop) -> Reaction {
        let isPeer = around.directory.isPeerAddress(source.ip)
        guard flood.admit(source.ip, isPeer: isPeer, now: now) else { throw .flood }
        // Where the key is what admits, its code tells, and that takes reading the datagram.
        guard
            around.configuration.allows(source.ip.description) || around.admitsMembers
                || around.directory.isNamed(source.ip)
        else { throw .notAllowed }
        let beacon = try around.codec.decode(datagram)
        switch beacon.payload {
        case .hello, .whoHas, .introduction, .want: meter.add(1, now: now)
        case .bye, .have: break
        }
        if case .have(let answer) = beacon.payload, !around.questions.isWaiting(for: answer.question) {
            throw .unsolicited
        }
        let (hearing, wantsInquiry) = try around.directory.hear(beacon, from: source.ip, now: now)
        if hearing.isStranger {
            // The turn takes a look at everybody who is known: worked out for the first stranger and not for the thousand after.
            if !schedule.hasWelcome {
                schedule.strangerHeard(at: now, turn: budget(now).turn, random: random)
            }
            around.wants.strangerHeard(at: now, random: random)
        }
        var reaction = Reaction(wantsInquiry: wantsInquiry, hasNews: hearing.hasNews, wanted: hearing.wanted)
        if let question = hearing.question {
            reaction.overheard = question
            reaction.answer = try answer(
                question, of: datagram.count, by: beacon.node, to: source, now: now, random: random)
        }
        return reaction
    }
}
