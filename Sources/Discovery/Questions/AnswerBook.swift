import OCI

/// What was asked here lately and answered how, so that many who ask the same do not make the LAN answer each of them.
///
/// The first asker is answered alone. When somebody else asks the same a moment later, the answer goes to everybody, once; who then
/// would ask too has it already. So two questions bring two answers, and a hundred bring two.
struct AnswerBook: Sendable {
    enum Audience: Equatable, Sendable {
        case asker
        case everybody
        /// Everybody has been answered a moment ago.
        case nobody
    }

    private struct Subject: Hashable, Sendable {
        var digests: [Digest]
        var references: [ImageReference]
    }

    private struct Asked: Sendable {
        var asker: NodeID
        var at: ContinuousClock.Instant
        var toldEverybodyAt: ContinuousClock.Instant?
    }

    static let memory = Duration.seconds(1)
    static let quiet = Duration.milliseconds(300)
    static let limit = 1024
    /// Holders that answer one question; the others know that those do.
    static let answerers = 8

    private var asked: [Subject: Asked] = [:]

    mutating func audience(
        of question: Beacon.WhoHas, from asker: NodeID, now: ContinuousClock.Instant
    ) -> Audience {
        let subject = Subject(digests: question.digests, references: question.references)
        if asked.count >= Self.limit { asked = asked.filter { now - $0.value.at < Self.memory } }
        guard let earlier = asked[subject], now - earlier.at < Self.memory else {
            if asked.count < Self.limit { asked[subject] = Asked(asker: asker, at: now) }
            return .asker
        }
        if let told = earlier.toldEverybodyAt, now - told < Self.quiet { return .nobody }
        // The same one again has lost the answer, or forges; it is answered alone, as often as the gate lets it ask.
        guard earlier.asker != asker else { return .asker }
        asked[subject] = Asked(asker: asker, at: now, toldEverybodyAt: now)
        return .everybody
    }
}
