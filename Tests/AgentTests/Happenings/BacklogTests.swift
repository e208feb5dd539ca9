import Testing

@testable import Agent

@Suite struct BacklogTests {
    private func item(_ number: Int, size: Int = 1) -> Backlog.Item {
        Backlog.Item(type: .pull, json: [UInt8](repeating: UInt8(number & 0xff), count: size))
    }

    @Test("gives what it was given, in order, and then nothing")
    func order() {
        var backlog = Backlog()
        for number in 0..<3 { backlog.add(item(number)) }
        let taken = (0..<4).map { _ in backlog.take() }
        #expect(taken == [.item(item(0)), .item(item(1)), .item(item(2)), nil])
    }

    @Test("counts what does not fit, and tells of it where it would have stood")
    func missed() {
        var backlog = Backlog()
        for number in 0..<(Backlog.limit + 7) { backlog.add(item(number)) }
        for number in 0..<10 { #expect(backlog.take() == .item(item(number))) }
        backlog.add(item(99))
        for number in 10..<Backlog.limit { #expect(backlog.take() == .item(item(number))) }
        #expect(backlog.take() == .missed(8), "what came before the loss was told would stand in the wrong place")
        #expect(backlog.take() == nil)
        backlog.add(item(5))
        #expect(backlog.take() == .item(item(5)))
    }

    @Test("holds a bounded number of bytes, but one event however large")
    func bytes() {
        var backlog = Backlog()
        backlog.add(item(1, size: Backlog.byteLimit + 1))
        backlog.add(item(2))
        #expect(backlog.take() == .item(item(1, size: Backlog.byteLimit + 1)))
        #expect(backlog.take() == .missed(1))
    }

    @Test("a pulse is told where nothing else is, once")
    func pulse() {
        var backlog = Backlog()
        backlog.pulse()
        #expect(backlog.take() == .pulse)
        #expect(backlog.take() == nil)
        backlog.add(item(1))
        backlog.pulse()
        #expect(backlog.take() == .item(item(1)))
        #expect(backlog.take() == nil, "somebody who hears events needs no pulse")
    }
}
