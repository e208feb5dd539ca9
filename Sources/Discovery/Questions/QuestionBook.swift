import OCI

/// Which questions were asked lately, and who waits for them. A value.
///
/// One question a subject at a time: who asks for what was asked a moment ago waits with the others, or learns at once that nobody
/// answered.
struct QuestionBook: Sendable {
    enum Subject: Hashable, Sendable {
        case digest(Digest)
        case reference(ImageReference)
    }

    enum Decision: Equatable, Sendable {
        /// Send this question and wait.
        case ask(question: UInt64)
        /// It is on its way: wait with the others, until then.
        case join(until: ContinuousClock.Instant)
        /// It was answered, or nobody answered, a moment ago; or too much is being asked.
        case nothing
    }

    private struct Asked: Sendable {
        var question: UInt64
        var waitsUntil: ContinuousClock.Instant
        var isAnswered = false
        var waiters: [UInt64: AsyncStream<Void>.Continuation] = [:]
    }

    /// An answer may come this long after everybody has stopped waiting, and still enters the directory.
    static let memory = Duration.seconds(1)
    static let limit = 256
    static let rate = TokenBucket.Rate(perSecond: 50, burst: 100)

    /// So many others asked the same within `freshness`: then holders answer everybody, and one need not ask.
    static let othersSuffice = 2
    static let freshness = Duration.milliseconds(300)

    private struct Overheard: Sendable {
        var question: UInt64
        var times = 1
        var at: ContinuousClock.Instant
    }

    private var overheard: [Subject: Overheard] = [:]
    private var asked: [Subject: Asked] = [:]
    private var subjects: [UInt64: Subject] = [:]
    private var bucket = TokenBucket(rate)

    /// - Parameter random: new each time; becomes the question's number.
    mutating func ask(
        _ subject: Subject, wait: Duration, random: UInt64, now: ContinuousClock.Instant
    ) -> Decision {
        forget(now: now)
        if let earlier = asked[subject] {
            return earlier.isAnswered || now >= earlier.waitsUntil ? .nothing : .join(until: earlier.waitsUntil)
        }
        guard asked.count < Self.limit, subjects[random] == nil else { return .nothing }
        if let others = overheard[subject], others.times >= Self.othersSuffice, now - others.at < Self.freshness {
            asked[subject] = Asked(question: others.question, waitsUntil: now + wait)
            subjects[others.question] = subject
            return .join(until: now + wait)
        }
        guard bucket.take(Self.rate, now: now) else { return .nothing }
        asked[subject] = Asked(question: random, waitsUntil: now + wait)
        subjects[random] = subject
        return .ask(question: random)
    }

    /// Somebody else asked everybody for it.
    mutating func overhear(_ subject: Subject, question: UInt64, now: ContinuousClock.Instant) {
        if let known = overheard[subject], now - known.at < Self.freshness {
            guard known.question != question else { return }
            overheard[subject] = Overheard(question: question, times: known.times + 1, at: now)
            // Who waits already takes the answer to this one, too.
            if asked[subject]?.isAnswered == false { subjects[question] = subject }
            return
        }
        if overheard.count >= Self.limit { overheard = overheard.filter { now - $0.value.at < Self.freshness } }
        guard overheard.count < Self.limit else { return }
        overheard[subject] = Overheard(question: question, at: now)
    }

    /// Returns false where there is nothing to wait for any more.
    mutating func addWaiter(_ waiter: AsyncStream<Void>.Continuation, number: UInt64, for subject: Subject) -> Bool {
        guard asked[subject]?.isAnswered == false else { return false }
        asked[subject]?.waiters[number] = waiter
        return true
    }

    mutating func removeWaiter(_ number: UInt64, for subject: Subject) {
        asked[subject]?.waiters[number] = nil
    }

    func isWaiting(for question: UInt64, now: ContinuousClock.Instant) -> Bool {
        subjects[question].flatMap { asked[$0] }.map { now < $0.waitsUntil + Self.memory } ?? false
    }

    /// What still has no answer.
    var unanswered: [Subject] {
        asked.filter { !$0.value.isAnswered }.map(\.key)
    }

    /// Notes the answer; returns those who waited for it.
    mutating func answer(_ subject: Subject) -> [AsyncStream<Void>.Continuation] {
        guard var entry = asked[subject], !entry.isAnswered else { return [] }
        let waiters = Array(entry.waiters.values)
        entry.isAnswered = true
        entry.waiters = [:]
        asked[subject] = entry
        return waiters
    }

    private mutating func forget(now: ContinuousClock.Instant) {
        for (subject, entry) in asked where now >= entry.waitsUntil + Self.memory { asked[subject] = nil }
        // More than one question may lead to a subject.
        subjects = subjects.filter { asked[$0.value] != nil }
    }
}
