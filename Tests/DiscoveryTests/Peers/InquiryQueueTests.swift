import Testing

@testable import Discovery

@Suite struct InquiryQueueTests {
    private let now = Samples.at(0)

    @Test("whose answer is waited for comes first, then who has answered before, then the others")
    func order() {
        var queue = InquiryQueue()
        for number: UInt64 in 1...6 { queue.insert(Samples.node(number), hasAnswered: number > 3) }
        queue.seek(Samples.node(2))
        queue.seek(Samples.node(9))
        #expect(queue.order(placeForStrangers: true) == [2, 4, 5, 6, 1, 3].map(Samples.node))
        #expect(queue.order(placeForStrangers: false) == [2, 4, 5, 6].map(Samples.node))
        queue.endSeeking(Samples.node(2))
        #expect(queue.order(placeForStrangers: true) == [4, 5, 6, 1, 2, 3].map(Samples.node))
    }

    @Test("who has answered is no stranger any more, until it is taken out")
    func answered() {
        var queue = InquiryQueue()
        queue.insert(Samples.node(1), hasAnswered: false)
        queue.insert(Samples.node(1), hasAnswered: true)
        queue.insert(Samples.node(1), hasAnswered: false)
        #expect(queue.order(placeForStrangers: false) == [Samples.node(1)])
        queue.remove(Samples.node(1))
        #expect(queue.isEmpty)
    }

    @Test("who is not due yet stands aside until its time, or until it wants something else")
    func later() {
        var queue = InquiryQueue()
        for number: UInt64 in 1...3 {
            queue.insert(Samples.node(number), hasAnswered: true)
            queue.postpone(Samples.node(number), until: Samples.at(Double(number)))
        }
        #expect(queue.order(placeForStrangers: true).isEmpty && !queue.isEmpty)
        #expect(queue.soonest == Samples.at(1))
        #expect(queue.takeDue(at: Samples.at(0.5)).isEmpty)
        #expect(queue.takeDue(at: Samples.at(1)) == [Samples.node(1)])
        #expect(queue.soonest == Samples.at(2))
        queue.insert(Samples.node(2), hasAnswered: true)
        #expect(queue.order(placeForStrangers: true) == [Samples.node(2)])
        #expect(queue.takeDue(at: Samples.at(9)) == [Samples.node(3)])
        #expect(queue.soonest == nil)
    }
}
