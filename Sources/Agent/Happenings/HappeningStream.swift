import NIOCore

/// What a listener hears, as the body of an answer.
struct HappeningStream: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    typealias Failure = any Error

    enum Form: Sendable {
        /// An object of JSON a line.
        case lines
        /// Server-sent events (WHATWG HTML, "Server-sent events"), with a comment where nothing happens.
        case events
    }

    let listener: Listener
    let form: Form

    struct AsyncIterator: AsyncIteratorProtocol {
        let listener: Listener
        let form: Form

        mutating func next() async throws -> ByteBuffer? {
            while let taken = await listener.next() {
                switch taken {
                case .item(let item): return form.bytes(item)
                case .missed(let count): return form.bytes(try Backlog.Item(.missed(count)))
                case .pulse where form == .events: return ByteBuffer(string: ":\n\n")
                case .pulse: continue
                }
            }
            return nil
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(listener: listener, form: form) }
}

extension HappeningStream.Form {
    fileprivate func bytes(_ item: Backlog.Item) -> ByteBuffer {
        switch self {
        case .lines: return ByteBuffer(bytes: item.json + [UInt8(ascii: "\n")])
        case .events:
            var buffer = ByteBuffer(string: "event: \(item.type.rawValue)\ndata: ")
            buffer.writeBytes(item.json)
            buffer.writeString("\n\n")
            return buffer
        }
    }
}
