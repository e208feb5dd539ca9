import Testing

@testable import Agent

@Suite struct RecentPasswordsTests {
    private let start = ContinuousClock.now

    @Test("what was right is known for five minutes")
    func lifetime() {
        var recent = RecentPasswords()
        #expect(!recent.contains([1], at: start))
        recent.insert([1], at: start)
        #expect(recent.contains([1], at: start + .seconds(299)))
        #expect(!recent.contains([2], at: start))
        #expect(!recent.contains([1], at: start + .seconds(300)))
    }

    @Test("there are never more than there is room for, and the oldest goes first")
    func capacity() {
        var recent = RecentPasswords()
        for number in 0..<1000 {
            recent.insert([UInt8(number >> 8), UInt8(number & 255)], at: start + .milliseconds(number))
        }
        #expect(recent.count == RecentPasswords.capacity)
        #expect(recent.contains([3, 231], at: start + .seconds(1)))
        #expect(!recent.contains([0, 0], at: start + .seconds(1)))
    }
}

@Suite struct FailureLimitTests {
    private let start = ContinuousClock.now

    @Test("an address has ten tries, and another one every six seconds")
    func tries() {
        var limit = FailureLimit()
        for _ in 0..<10 { #expect(limit.take("a", at: start) == nil) }
        #expect(limit.take("a", at: start) == 6)
        #expect(limit.take("a", at: start + .seconds(4)) == 2)
        #expect(limit.take("b", at: start) == nil)
        #expect(limit.take("a", at: start + .seconds(6)) == nil)
        #expect(limit.take("a", at: start + .seconds(6)) == 6)
        // After a minute without any, all ten are there again, and no more.
        for _ in 0..<10 { #expect(limit.take("a", at: start + .seconds(600)) == nil) }
        #expect(limit.take("a", at: start + .seconds(600)) != nil)
    }

    @Test("a right password costs no try, and who has them all is forgotten")
    func givenBack() {
        var limit = FailureLimit()
        for _ in 0..<100 {
            #expect(limit.take("a", at: start) == nil)
            limit.giveBack("a", at: start)
        }
        #expect(limit.count == 0)
        limit.giveBack("stranger", at: start)
        #expect(limit.count == 0)
    }

    @Test("however many addresses come, so many are remembered, and those with the fewest tries left stay")
    func capacity() {
        var limit = FailureLimit()
        for _ in 0..<10 { _ = limit.take("guesser", at: start) }
        for number in 0..<3000 { _ = limit.take("\(number)", at: start) }
        #expect(limit.count == FailureLimit.capacity)
        #expect(limit.take("guesser", at: start) != nil)
    }
}
