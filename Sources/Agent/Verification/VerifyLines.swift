import FoundationEssentials
import NIOCore

/// The events of a verification as lines of JSON.
struct VerifyLines: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    typealias Failure = any Error

    let events: AsyncStream<VerifyEvent>

    struct AsyncIterator: AsyncIteratorProtocol {
        var events: AsyncStream<VerifyEvent>.AsyncIterator
        let encoder: JSONEncoder

        mutating func next() async throws -> ByteBuffer? {
            guard let event = await events.next() else { return nil }
            return ByteBuffer(bytes: try encoder.encode(event) + [UInt8(ascii: "\n")])
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return AsyncIterator(events: events.makeAsyncIterator(), encoder: encoder)
    }
}
