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
    }

    /// A datagram to go to whoever asked, after a while; then `answerSent` is to be called.
    struct Answer: Sendable {
        var datagram: [UInt8]
        var target: BeaconTarget
        var delay: Duration
    }

    private static let inlineChanges = 20
    /// The longest, so that the holders on a LAN do not answer in one voice.
    private static let answerDelay = Duration.milliseconds(20)

    private let around: BeaconSurroundings
    private var flood: FloodGate
    private var answers: AnswerGate
    private var schedule: HelloSchedule
    /// The version that the last Hello led to.
    private var announced: UInt64 = 0

    init(_ around: BeaconSurroundings, start: ContinuousClock.Instant) {
        self.around = around
        flood = FloodGate(rates: around.configuration.floodRates)
        answers = AnswerGate(rates: around.configuration.answerRates)
        schedule = HelloSchedule(timing: around.configuration.timing, start: start)
    }

    // MARK: Hello

    /// When `hello` is to be said next.
    var due: ContinuousClock.Instant { schedule.due }

    mutating func inventoryChanged(at now: ContinuousClock.Instant) {
        schedule.inventoryChanged(at: now)
    }

    /// The Hello that is due, which counts as said now.
    /// - Parameter random: 0 up to 1, new each time.
    mutating func hello(at now: ContinuousClock.Instant, random: Double) -> BeaconSaying {
        let news = around.inventory.announcement(since: announced, limit: Self.inlineChanges)
        announced = news.version
        schedule.sent(at: now, random: random)
        return BeaconSaying(
            payload: .hello(hello(news, changes: news.changes)), fallback: .hello(hello(news, changes: nil)))
    }

    private func hello(
        _ news: InventoryState.Announcement, changes: InventoryState.Changes?
    ) -> Beacon.Hello {
        Beacon.Hello(
            httpPort: UInt16(clamping: around.configuration.httpPort),
            name: PrintableName(fitting: around.identity.name).text,
            interval: around.configuration.timing.interval,
            version: news.version, count: UInt64(news.count), changes: changes)
    }

    // MARK: Questions

    /// A question is made as long as its answer may be: nobody answers with more than was asked with.
    static func question(_ question: Beacon.WhoHas) -> BeaconSaying {
        let references = question.references.map { $0.description.utf8.count + BeaconLimits.mediaType + 90 }
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
        _ question: Beacon.WhoHas, of length: Int, to asker: BeaconTarget, now: ContinuousClock.Instant, random: Double
    ) throws(BeaconDrop) -> Answer? {
        guard let datagram = answer(to: question, limit: min(length, BeaconLimits.datagram)) else { return nil }
        guard answers.admit(asker.ip, now: now) else { throw .questionLimit }
        return Answer(datagram: datagram, target: asker, delay: Self.answerDelay * random)
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
        guard around.configuration.allows(source.ip.description) else { throw .notAllowed }
        let beacon = try around.codec.decode(datagram)
        if case .have(let answer) = beacon.payload, !around.questions.isWaiting(for: answer.question) {
            throw .unsolicited
        }
        let (hearing, wantsInquiry) = try around.directory.hear(beacon, from: source.ip, now: now)
        if hearing.isStranger { schedule.strangerHeard(at: now, random: random) }
        var reaction = Reaction(wantsInquiry: wantsInquiry, hasNews: hearing.hasNews)
        if let question = hearing.question {
            reaction.answer = try answer(question, of: datagram.count, to: source, now: now, random: random)
        }
        return reaction
    }
}
