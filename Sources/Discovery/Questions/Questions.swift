public import OCI
import Synchronization

/// Asks the LAN who holds something. Safe from any thread; what is asked is bounded, and the same question is asked once at a time.
public final class Questions: Sendable {
    /// Holders answer at random moments of twenty milliseconds; after the first answer the others get that long.
    private static let grace = Duration.milliseconds(25)

    private struct Guarded: Sendable {
        var book = QuestionBook()
        var link: BeaconLink?
        var lastWaiter: UInt64 = 0
    }

    private let directory: Directory
    private let guarded = Mutex(Guarded())

    init(directory: Directory) {
        self.directory = directory
    }

    /// Who holds the blob. The holders that answer enter the directory; returns soon after the first of them, or after `wait` at the
    /// latest, with all that the directory knows. Cancellation ends the wait.
    public func whoHas(_ digest: Digest, wait: Duration) async -> [Directory.Holder] {
        await ask(.digest(digest), wait: wait)
        return directory.holders(of: digest)
    }

    /// What peers say of a tag. Otherwise as above. Where the word of others does not count nobody is asked: the name may be a private
    /// image's, and the whole LAN would hear it for nothing.
    public func whoHas(_ reference: ImageReference, wait: Duration) async -> [TagClaim] {
        guard directory.believesReferences else { return [] }
        await ask(.reference(reference), wait: wait)
        return directory.claims(for: reference)
    }

    // MARK: For the service

    func connect(_ link: BeaconLink?) {
        guarded.withLock { $0.link = link }
    }

    func isWaiting(for question: UInt64) -> Bool {
        guarded.withLock { $0.book.isWaiting(for: question, now: .now) }
    }

    func overhear(_ question: Beacon.WhoHas) {
        let subjects =
            question.digests.map(QuestionBook.Subject.digest) + question.references.map(QuestionBook.Subject.reference)
        let now = ContinuousClock.now
        guarded.withLock { guarded in
            for subject in subjects { guarded.book.overhear(subject, question: question.question, now: now) }
        }
    }

    /// The directory has learnt something; maybe that is what somebody waits for.
    func lookAgain() {
        let unanswered = guarded.withLock { $0.book.unanswered }
        for subject in unanswered where isAnswered(subject) {
            for waiter in guarded.withLock({ $0.book.answer(subject) }) { waiter.finish() }
        }
    }

    private func isAnswered(_ subject: QuestionBook.Subject) -> Bool {
        switch subject {
        case .digest(let digest): !directory.holders(of: digest).isEmpty
        case .reference(let reference): !directory.claims(for: reference).isEmpty
        }
    }

    private func ask(_ subject: QuestionBook.Subject, wait: Duration) async {
        let now = ContinuousClock.now
        let isHinted = if case .digest(let digest) = subject { directory.seek(digest) } else { false }
        let (decision, link) = guarded.withLock { guarded in
            // Where nothing goes out an answer can only come over HTTP, from somebody who is being asked anyway.
            guard guarded.link != nil || isHinted else { return (QuestionBook.Decision.nothing, BeaconLink?.none) }
            let decision = guarded.book.ask(subject, wait: wait, random: .random(in: .min ... .max), now: now)
            return (decision, guarded.link)
        }
        switch decision {
        case .nothing:
            return
        case .join(let until):
            await self.wait(for: subject, until: min(until, now + wait)) {}
        case .ask(let question):
            await self.wait(for: subject, until: now + wait) {
                link?.ask(subject.whoHas(question: question))
            }
        }
    }

    /// - Parameter begin: called when an answer would be noticed.
    private func wait(
        for subject: QuestionBook.Subject, until deadline: ContinuousClock.Instant, _ begin: () -> Void
    ) async {
        let (answers, waiter) = AsyncStream.makeStream(of: Void.self)
        let number = guarded.withLock { guarded -> UInt64? in
            guarded.lastWaiter += 1
            let isWaiting = guarded.book.addWaiter(waiter, number: guarded.lastWaiter, for: subject)
            return isWaiting ? guarded.lastWaiter : nil
        }
        guard let number else { return }
        begin()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await Task.sleep(until: deadline) }
            group.addTask {
                for await _ in answers {}
                try? await Task.sleep(for: Self.grace)
            }
            await group.next()
            group.cancelAll()
        }
        guarded.withLock { $0.book.removeWaiter(number, for: subject) }
    }
}

extension QuestionBook.Subject {
    fileprivate func whoHas(question: UInt64) -> Beacon.WhoHas {
        switch self {
        case .digest(let digest): Beacon.WhoHas(question: question, digests: [digest], references: [])
        case .reference(let reference): Beacon.WhoHas(question: question, digests: [], references: [reference])
        }
    }
}
