import Synchronization
import Testing

@testable import Content

@Suite("A bell", .timeLimit(.minutes(1)))
struct BellTests {
    @Test("Rung before anybody waits, it wakes the next one who does")
    func before() async {
        let bell = Bell()
        bell.ring()
        bell.ring()
        await bell.wait(until: .now + .seconds(3600))
    }

    @Test("Rung while somebody waits, it wakes them")
    func during() async {
        let bell = Bell()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await bell.wait(until: .now + .seconds(3600)) }
            group.addTask { bell.ring() }
        }
    }

    @Test("Nobody waits beyond the deadline, or when cancelled", arguments: [true, false])
    func ended(isCancelled: Bool) async {
        let bell = Bell()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await bell.wait(until: .now + (isCancelled ? .seconds(3600) : .milliseconds(1))) }
            if isCancelled { group.cancelAll() }
        }
    }
}
