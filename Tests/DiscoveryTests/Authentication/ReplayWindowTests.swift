import Testing

@testable import Discovery

@Suite struct ReplayWindowTests {
    @Test("each number passes once")
    func once() {
        var window = ReplayWindow()
        let first = (1...200).allSatisfy { window.admit($0) }
        let second = (1...200).contains { window.admit($0) }
        #expect(first && !second)
    }

    @Test("numbers out of order pass within the window and not behind it")
    func outOfOrder() {
        var window = ReplayWindow()
        #expect(window.admit(1000) == true)
        #expect(window.admit(1000 - 127) == true)
        #expect(window.admit(1000 - 127) == false)
        #expect(window.admit(1000 - 128) == false)
        #expect(window.admit(999) == true)
    }

    @Test(
        "a leap forgets what is far behind and lets nothing of it through again",
        arguments: [127, 128, 129, 5000] as [UInt64])
    func leap(step: UInt64) {
        var window = ReplayWindow()
        #expect(window.admit(10) == true)
        #expect(window.admit(10 + step) == true)
        #expect(window.admit(10) == false)
        #expect(window.admit(10 + step) == false)
    }

    @Test("0 never passes, the largest number does")
    func extremes() {
        var window = ReplayWindow()
        #expect(window.admit(0) == false)
        #expect(window.admit(.max) == true)
        #expect(window.admit(.max) == false)
    }
}
