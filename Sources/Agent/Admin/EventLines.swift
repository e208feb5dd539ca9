import FoundationEssentials
import NIOCore

/// The events of a job that somebody watches, as lines of JSON.
struct EventLines<Event: Encodable & Sendable>: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    typealias Failure = any Error

    let events: AsyncStream<Event>

    struct AsyncIterator: AsyncIteratorProtocol {
        var events: AsyncStream<Event>.AsyncIterator
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
