import Testing

@testable import Content

@Suite("What is hashed beside each other")
struct ProofQueueTests {
    @Test("What somebody waits for begins at once, while threads are free")
    func atOnce() {
        var queue = ProofQueue<Int>(width: 4, threads: 2, gathers: false)
        #expect(queue.add([1]) == [[1]])
        #expect(queue.add([2]) == [[2]])
        #expect(queue.add([3]).isEmpty)
        #expect(queue.add([4]).isEmpty)
        #expect(queue.ended() == [[3, 4]])
    }

    @Test("What nobody waits for gathers while others are hashed, until it fills the lanes")
    func gathering() {
        var queue = ProofQueue<Int>(width: 3, threads: 2, gathers: true)
        #expect(queue.add([1]) == [[1]])
        #expect(queue.add([2]).isEmpty)
        #expect(queue.add([3]).isEmpty)
        #expect(queue.add([4]) == [[2, 3, 4]])
        #expect(queue.add([5]).isEmpty)
        #expect(queue.ended().isEmpty)
        #expect(queue.ended() == [[5]])
    }

    @Test("A batch is twice the lanes at most, and no more run than there are threads")
    func bounded() {
        var queue = ProofQueue<Int>(width: 2, threads: 2, gathers: true)
        #expect(queue.add(Array(0..<10)) == [[0, 1, 2, 3], [4, 5, 6, 7]])
        #expect(queue.ended() == [[8, 9]])
        #expect(queue.ended().isEmpty)
        #expect(queue.ended().isEmpty)
        #expect(queue.add([10]) == [[10]])
    }
}
