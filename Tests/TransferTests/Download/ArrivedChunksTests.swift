import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Transfer

@Suite("What has arrived for a run", .timeLimit(.minutes(1)))
struct ArrivedChunksTests {
    /// Who writes: one write at a time is let through, and all that happens is noted.
    private final class Writer: Sendable {
        private let state = Mutex((batches: [[String]](), events: [String](), allowed: 0))
        /// What ends all, by the text of its chunk.
        private let ends: String

        init(endsAt ends: String = "") {
            self.ends = ends
        }

        var batches: [[String]] { state.withLock { $0.batches } }
        var events: [String] { state.withLock { $0.events } }

        func allow(_ count: Int = 1) { state.withLock { $0.allowed += count } }
        func note(_ event: String) { state.withLock { $0.events.append(event) } }

        func write(_ chunks: [ByteBuffer]) -> String? {
            let texts = chunks.map { String(buffer: $0) }
            state.withLock { $0.batches.append(texts) }
            while !state.withLock({ state in
                defer { state.allowed -= state.allowed > 0 ? 1 : 0 }
                return state.allowed > 0
            }) {
                usleep(500)
            }
            note("written \(texts.joined())")
            return texts.contains(ends) ? "ended by \(ends)" : nil
        }
    }

    private func chunk(_ text: String, capacity: Int = 0) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(max(capacity, text.utf8.count))
        buffer.writeString(text)
        return buffer
    }

    private func chunks(_ writer: Writer) -> ArrivedChunks<String> {
        ArrivedChunks(on: WorkPool(.singleton)) { writer.write($0) }
    }

    @Test("is written in its order, and in one go what came while the disk had work")
    func order() async throws {
        let writer = Writer()
        let chunks = chunks(writer)
        #expect(await chunks.put(chunk("a")))
        try await eventually { writer.batches.count == 1 }
        for text in ["b", "c"] { #expect(await chunks.put(chunk(text))) }
        writer.allow(2)
        #expect(await chunks.finish() == nil)
        #expect(writer.events == ["written a", "written bc"])
    }

    @Test("is written where more comes after all was")
    func again() async throws {
        let writer = Writer()
        let chunks = chunks(writer)
        for text in ["a", "b"] {
            writer.allow()
            #expect(await chunks.put(chunk(text)))
            #expect(await chunks.finish() == nil)
            #expect(writer.batches.last == [text])
        }
    }

    @Test("is bounded in memory, what is being written included: who puts waits until that is done with")
    func bounded() async throws {
        let writer = Writer()
        let chunks = chunks(writer)
        let put = Task {
            _ = await chunks.put(chunk("a", capacity: ArrivedChunks<String>.capacity))
            writer.note("put")
        }
        try await eventually { writer.batches.count == 1 }
        // It would be back by now, if it did not wait.
        for _ in 0..<20 { try await Task.sleep(for: .milliseconds(1)) }
        writer.allow()
        await put.value
        #expect(writer.events == ["written a", "put"])
    }

    @Test("is not wanted any more once a write has said how all ends, and nothing behind it is written")
    func ended() async throws {
        let writer = Writer(endsAt: "a")
        let chunks = chunks(writer)
        #expect(await chunks.put(chunk("a")))
        try await eventually { writer.batches.count == 1 }
        let waiting = Task { await chunks.put(chunk("b", capacity: ArrivedChunks<String>.capacity)) }
        writer.allow(2)
        #expect(await !waiting.value)
        #expect(await chunks.finish() == "ended by a")
        #expect(await !chunks.put(chunk("c")))
        #expect(writer.batches == [["a"]])
    }

    @Test("does not keep a thread to itself, however fast it comes")
    func turns() async throws {
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        let disk = WorkPool(pool)
        let count = Mutex(0)
        let chunks = ArrivedChunks<String>(on: disk) { chunks in
            usleep(2000)
            count.withLock { $0 += chunks.count }
            return nil
        }
        let putting = Task {
            while !Task.isCancelled { _ = await chunks.put(chunk("a", capacity: 1 << 16)) }
        }
        try await eventually { count.withLock { $0 } > 0 }
        try await disk.run { count.withLock { #expect($0 > 0) } }
        putting.cancel()
        await putting.value
        #expect(await chunks.finish() == nil)
        try await pool.shutdownGracefully()
    }
}
