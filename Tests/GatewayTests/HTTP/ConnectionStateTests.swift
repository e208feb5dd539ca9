import NIOCore
import Testing

@testable import Gateway

@Suite("Connection state")
struct ConnectionStateTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func state() -> ConnectionState { ConnectionState(limits: HTTPLimits(), now: start) }

    /// A state with one request to be answered.
    private func answering() -> ConnectionState {
        var state = state()
        _ = state.bytesArrived(10, endsLine: true, now: start)
        state.requestArrived(isKeepAlive: true, now: start)
        return state
    }

    @Test("A connection that never asks is closed after the idle time")
    func idle() {
        var state = state()
        #expect(state.nextCheck == start + .seconds(60))
        #expect(state.check(taken: 0, pending: 0, now: start + .seconds(59)) == .fine)
        #expect(state.check(taken: 0, pending: 0, now: start + .seconds(60)) == .finish)
    }

    @Test("A request has its time from its first byte on, however it drips")
    func slowRequest() {
        var state = state()
        let first = start + .seconds(30)
        #expect(state.bytesArrived(1, endsLine: false, now: first) == .parse)
        #expect(state.bytesArrived(1, endsLine: false, now: first + .seconds(9)) == .parse)
        #expect(state.nextCheck == first + .seconds(10))
        #expect(state.check(taken: 0, pending: 0, now: first + .seconds(10)) == .refuse)
    }

    @Test("An overflow is the request line's until that has ended")
    func requestLine() {
        var state = state()
        _ = state.bytesArrived(100, endsLine: false, now: start)
        #expect(state.isInRequestLine)
        _ = state.bytesArrived(100, endsLine: true, now: start)
        #expect(!state.isInRequestLine)
        state.requestArrived(isKeepAlive: true, now: start)
        #expect(state.isInRequestLine)
    }

    @Test("Reads are held while a request is answered, and no longer")
    func holdsReads() {
        var state = answering()
        #expect(state.holdsReads)
        #expect(state.answerEnded(isKeepAlive: true, now: start) == .read)
        #expect(!state.holdsReads)
    }

    @Test("The idle time begins with the end of the answer")
    func idleAfterAnswer() {
        var state = answering()
        let end = start + .hours(1)
        _ = state.answerEnded(isKeepAlive: true, now: end)
        #expect(state.nextCheck == end + .seconds(60))
    }

    @Test("Requests that wait are answered before anything else is read")
    func pipelined() {
        var state = answering()
        state.requestArrived(isKeepAlive: true, now: start)
        #expect(state.answerEnded(isKeepAlive: true, now: start) == .answerNext)
        #expect(state.answerEnded(isKeepAlive: true, now: start) == .read)
    }

    @Test("After the last request nothing is parsed, and its answer closes")
    func lastRequest() {
        var state = state()
        state.requestArrived(isKeepAlive: false, now: start)
        #expect(state.bytesArrived(10, endsLine: true, now: start) == .discard)
        #expect(state.answerEnded(isKeepAlive: true, now: start) == .close)
    }

    @Test("An answer that closes leaves waiting requests unanswered")
    func closingAnswer() {
        var state = answering()
        state.requestArrived(isKeepAlive: true, now: start)
        #expect(state.answerEnded(isKeepAlive: false, now: start) == .close)
    }

    @Test("Bytes that pile up behind a request under way are bounded")
    func bytesAhead() {
        var state = answering()
        #expect(state.bytesArrived(70_000, endsLine: true, now: start) == .parse)
        #expect(state.bytesArrived(70_000, endsLine: true, now: start) == .discard)
        #expect(state.answerEnded(isKeepAlive: true, now: start) == .close)
    }

    @Test("A client that closes its sending side is given up soon over TCP, and waited for on a unix socket")
    func halfClose() {
        var state = answering()
        #expect(state.inputClosed(mayWait: false, now: start) == false)
        #expect(state.check(taken: 0, pending: 0, now: start + .milliseconds(499)) == .fine)
        #expect(state.check(taken: 0, pending: 0, now: start + .milliseconds(500)) == .drop(.gone))
        var local = answering()
        #expect(local.inputClosed(mayWait: true, now: start) == false)
        #expect(local.check(taken: 0, pending: 0, now: start + .hours(1)) == .fine)
        #expect(local.answerEnded(isKeepAlive: true, now: start) == .close)
    }

    @Test("An idle client that closes its sending side is closed at once")
    func halfCloseIdle() {
        var state = state()
        let isOver = state.inputClosed(mayWait: false, now: start)
        #expect(isOver)
    }

    @Test("A drain closes what is idle, and the rest after its answer")
    func drain() {
        var idle = state()
        let idleCloses = idle.drain()
        #expect(idleCloses)
        var busy = answering()
        let busyCloses = busy.drain()
        #expect(!busyCloses)
        #expect(busy.answerEnded(isKeepAlive: true, now: start) == .close)
    }

    @Test("After the last byte the client is listened to for a while and a bounded number of bytes")
    func linger() {
        var state = answering()
        state.closing(now: start)
        state.outputClosed(now: start)
        #expect(state.bytesArrived(1 << 20, endsLine: true, now: start) == .discard)
        #expect(state.bytesArrived(1, endsLine: true, now: start) == .close)
        #expect(state.check(taken: 0, pending: 0, now: start + .seconds(1)) == .fine)
        #expect(state.check(taken: 0, pending: 0, now: start + .seconds(2)) == .drop(.lingered))
    }

    @Test("A client that takes what it has to, in whatever steps, is served; one that takes nothing is dropped")
    func stall() {
        var state = answering()
        var taken = 0
        for second in 1...600 {
            // A buffer of the kernel's becomes free in large steps: 1 KiB a second is seen as 50 KiB every 50 s.
            if second.isMultiple(of: 50) { taken += 50 << 10 }
            let verdict = state.check(taken: taken, pending: 4 << 20, now: start + .seconds(Int64(second)))
            #expect(verdict != .drop(.stalled))
        }
        let stalled = start + .seconds(600)
        for second in 1...119 {
            #expect(state.check(taken: taken, pending: 4 << 20, now: stalled + .seconds(Int64(second))) == .inspect)
        }
        #expect(state.check(taken: taken, pending: 4 << 20, now: stalled + .seconds(120)) == .drop(.stalled))
    }

    @Test("A client that takes some bytes now and then, and less than 512 a second, is dropped")
    func trickle() {
        var state = answering()
        for second in 1..<120 {
            let verdict = state.check(taken: 500 * second, pending: 4 << 20, now: start + .seconds(Int64(second)))
            #expect(verdict == .fine)
        }
        #expect(state.check(taken: 60_000, pending: 4 << 20, now: start + .seconds(120)) == .drop(.stalled))
    }

    @Test("What a client took of answers before does not count for the next one")
    func trickleAfterAnswer() {
        var state = answering()
        #expect(state.check(taken: 50_000, pending: 4 << 20, now: start + .seconds(1)) == .fine)
        _ = state.answerEnded(isKeepAlive: true, now: start + .seconds(2))
        let next = start + .seconds(10)
        state.requestArrived(isKeepAlive: true, now: next)
        #expect(state.check(taken: 100_000, pending: 4 << 20, now: next + .seconds(119)) == .fine)
        #expect(state.check(taken: 110_000, pending: 4 << 20, now: next + .seconds(120)) == .drop(.stalled))
    }

    @Test("Waiting for the source is not the client's stalling")
    func slowSource() {
        var state = answering()
        for hour in 1...10 {
            #expect(state.check(taken: 0, pending: 0, now: start + .hours(Int64(hour))) == .fine)
        }
    }

    @Test("A whole region that went out between two looks is progress, though as much waits again")
    func completedWrites() {
        var state = answering()
        for write in 1...300 {
            let taken = write * (4 << 20)
            #expect(state.check(taken: taken, pending: 4 << 20, now: start + .seconds(Int64(write))) == .fine)
        }
    }
}
