import FoundationEssentials
import NIOCore
import ServiceLifecycle
import Synchronization

/// The status as server-sent events (`event: status`): at once, and then each second, until the client goes or the agent stops.
///
/// Each is made when the client has taken the one before: who reads slowly gets fewer, and nothing piles up.
struct LiveStatus: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    typealias Failure = any Error

    /// Every so many statuses a comment follows.
    static let commentInterval = 15

    let source: any AdminSource
    var pause: Duration = .seconds(1)

    struct AsyncIterator: AsyncIteratorProtocol {
        let stream: LiveStatus
        let encoder: JSONEncoder
        var count = 0

        mutating func next() async throws -> ByteBuffer? {
            if count > 0, await !stream.waits() { return nil }
            count += 1
            var buffer = ByteBuffer(string: "event: status\ndata: ")
            buffer.writeBytes(try encoder.encode(await stream.source.status()))
            buffer.writeString(count.isMultiple(of: LiveStatus.commentInterval) ? "\n\n: live\n\n" : "\n\n")
            return buffer
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return AsyncIterator(stream: self, encoder: encoder)
    }

    /// - Returns: whether the stream goes on: an agent that stops does not wait for those who watch it.
    private func waits() async -> Bool {
        let pause = pause
        do {
            try await cancelWhenGracefulShutdown { try await Task.sleep(for: pause) }
            return true
        } catch {
            return false
        }
    }
}

/// How many streams of statuses are open on a listener.
final class LiveStreams: Sendable {
    static let limit = 32

    private let open = Mutex(0)

    /// - Returns: whether one more may be; ``leave()`` ends it.
    func enter() -> Bool {
        open.withLock { open in
            guard open < Self.limit else { return false }
            open += 1
            return true
        }
    }

    func leave() {
        open.withLock { $0 -= 1 }
    }
}
