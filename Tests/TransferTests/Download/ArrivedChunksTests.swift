import NIOCore
import Testing

@testable import Transfer

@Suite("What has arrived for a run", .timeLimit(.minutes(1)))
struct ArrivedChunksTests {
    private let chunks = ArrivedChunks()

    private func chunk(_ text: String, capacity: Int = 0) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(max(capacity, text.utf8.count))
        buffer.writeString(text)
        return buffer
    }

    @Test("is taken in its order, all that is there at once")
    func order() async {
        for text in ["a", "b", "c"] { #expect(await chunks.put(chunk(text))) }
        let taken = await chunks.take()?.map { String(buffer: $0) }
        #expect(taken == ["a", "b", "c"])
        #expect(await chunks.put(chunk("d")))
        chunks.finish()
        let rest = await chunks.take()?.map { String(buffer: $0) }
        #expect(rest == ["d"])
        let end = await chunks.take()
        #expect(end == nil)
    }

    @Test("is waited for by who takes")
    func takerWaits() async {
        async let taken = chunks.take()
        _ = await chunks.put(chunk("a"))
        #expect(await taken?.map { String(buffer: $0) } == ["a"])
        async let end = chunks.take()
        chunks.finish()
        #expect(await end == nil)
    }

    @Test("is bounded in memory, what is being written included: who puts waits until that is done with")
    func bounded() async {
        let big = chunk("a", capacity: ArrivedChunks.capacity)
        async let put = chunks.put(big)
        #expect(await chunks.take()?.count == 1)
        // While it is written there is no room; the one that waits is let go by the next take, which gets what it puts then.
        async let next = chunks.take()
        #expect(await put)
        #expect(await chunks.put(chunk("b")))
        #expect(await next?.map { String(buffer: $0) } == ["b"])
    }

    @Test("is not waited for where nobody takes any more")
    func left() async {
        async let put = chunks.put(chunk("a", capacity: ArrivedChunks.capacity))
        chunks.leave()
        #expect(await !put)
        #expect(await !chunks.put(chunk("b")))
    }
}
