import OCI
import Testing

@testable import Discovery

@Suite struct QuestionBookTests {
    private let subject = QuestionBook.Subject.digest(Samples.digest(1))

    @Test("a question is asked once; who asks the same meanwhile waits with the first")
    func join() {
        var book = QuestionBook()
        #expect(book.ask(subject, wait: .seconds(1), random: 7, now: Samples.at(0)) == .ask(question: 7))
        #expect(book.ask(subject, wait: .seconds(1), random: 8, now: Samples.at(0.5)) == .join(until: Samples.at(1)))
        #expect(book.ask(subject, wait: .seconds(1), random: 9, now: Samples.at(1.5)) == .nothing)
        #expect(book.ask(subject, wait: .seconds(1), random: 10, now: Samples.at(2.1)) == .ask(question: 10))
    }

    @Test("answers count while the question is remembered, and answers to nothing do not")
    func waiting() {
        var book = QuestionBook()
        _ = book.ask(subject, wait: .seconds(1), random: 7, now: Samples.at(0))
        #expect(book.isWaiting(for: 7, now: Samples.at(1.9)))
        #expect(!book.isWaiting(for: 7, now: Samples.at(2.1)))
        #expect(!book.isWaiting(for: 8, now: Samples.at(0)))
    }

    @Test("an answer wakes those who wait, and later ones need not wait at all")
    func answered() {
        var book = QuestionBook()
        _ = book.ask(subject, wait: .seconds(1), random: 7, now: Samples.at(0))
        let (_, waiter) = AsyncStream.makeStream(of: Void.self)
        #expect(book.addWaiter(waiter, number: 1, for: subject) == true)
        #expect(book.answer(subject).count == 1)
        #expect(book.answer(subject).isEmpty)
        #expect(book.addWaiter(waiter, number: 2, for: subject) == false)
        #expect(book.ask(subject, wait: .seconds(1), random: 8, now: Samples.at(0.1)) == .nothing)
        #expect(book.unanswered.isEmpty)
    }

    @Test("a storm of questions is bounded")
    func storm() {
        var book = QuestionBook()
        let asked = (0..<1000).count { number in
            let decision = book.ask(
                .digest(Samples.digest(number)), wait: .seconds(1), random: UInt64(number), now: Samples.at(0))
            return decision != .nothing
        }
        #expect(asked == 100)
    }
}
