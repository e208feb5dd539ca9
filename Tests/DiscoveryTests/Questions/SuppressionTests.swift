import Testing

@testable import Discovery

@Suite struct SuppressionTests {
    private let subject = QuestionBook.Subject.digest(Samples.digest(1))

    @Test("who has heard two others ask the same does not ask, and takes the answer to theirs")
    func others() {
        var book = QuestionBook()
        book.overhear(subject, question: 21, now: Samples.at(0))
        book.overhear(subject, question: 22, now: Samples.at(0.1))
        #expect(
            book.ask(subject, wait: .seconds(1), random: 7, now: Samples.at(0.2))
                == .join(until: Samples.at(0.2) + .seconds(1)))
        #expect(book.isWaiting(for: 22, now: Samples.at(0.5)))
        #expect(!book.isWaiting(for: 7, now: Samples.at(0.5)))
    }

    @Test("one other is not enough, for it alone is answered; nor are two of a while ago, nor the same twice")
    func notEnough() {
        var book = QuestionBook()
        book.overhear(subject, question: 21, now: Samples.at(0))
        book.overhear(subject, question: 21, now: Samples.at(0))
        #expect(book.ask(subject, wait: .seconds(1), random: 7, now: Samples.at(0.1)) == .ask(question: 7))

        book = QuestionBook()
        book.overhear(subject, question: 21, now: Samples.at(0))
        book.overhear(subject, question: 22, now: Samples.at(0.1))
        #expect(book.ask(subject, wait: .seconds(1), random: 7, now: Samples.at(0.5)) == .ask(question: 7))
    }

    @Test("who has asked already takes answers to others' questions, too")
    func both() {
        var book = QuestionBook()
        _ = book.ask(subject, wait: .seconds(1), random: 7, now: Samples.at(0))
        book.overhear(subject, question: 21, now: Samples.at(0.1))
        book.overhear(subject, question: 22, now: Samples.at(0.2))
        #expect(book.isWaiting(for: 7, now: Samples.at(0.5)) && book.isWaiting(for: 22, now: Samples.at(0.5)))
    }

    @Test("what is overheard is bounded")
    func bounded() {
        var book = QuestionBook()
        for number in 0..<10_000 {
            for question in 0..<2 {
                book.overhear(
                    .digest(Samples.digest(number)), question: UInt64(number * 2 + question), now: Samples.at(0))
            }
        }
        let last = QuestionBook.Subject.digest(Samples.digest(9999))
        #expect(book.ask(last, wait: .seconds(1), random: 7, now: Samples.at(0.1)) == .ask(question: 7))
    }

    @Test("what was answered is remembered for a second, and bounded")
    func answers() {
        var book = AnswerBook()
        for number in 0..<5000 {
            let question = Beacon.WhoHas(question: 1, digests: [Samples.digest(number)], references: [])
            #expect(book.audience(of: question, from: Samples.node(1), now: Samples.at(0)) == .asker)
        }
        let known = Beacon.WhoHas(question: 2, digests: [Samples.digest(0)], references: [])
        #expect(book.audience(of: known, from: Samples.node(1), now: Samples.at(0.1)) == .asker)
        #expect(book.audience(of: known, from: Samples.node(2), now: Samples.at(0.2)) == .everybody)
        #expect(book.audience(of: known, from: Samples.node(3), now: Samples.at(0.3)) == .nobody)
        #expect(book.audience(of: known, from: Samples.node(3), now: Samples.at(2)) == .asker)
    }
}
