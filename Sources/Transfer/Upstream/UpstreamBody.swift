internal import AsyncHTTPClient
public import NIOCore
import OCI

/// A blob's bytes from upstream.
///
/// Ends with an error where the connection breaks, is silent for 30 s while it is read, or brings another number of bytes than was
/// said. Nothing is read ahead of the one who iterates but what a few chunks hold. To be iterated once; letting go of it, and
/// cancelling the task that waits for it, end the transfer.
public struct UpstreamBody: AsyncSequence, Sendable {
    public typealias Element = ByteBuffer

    let body: HTTPClientResponse.Body
    /// How many bytes are to come; nil where upstream did not say.
    let expected: Int64?
    let registry: RegistryName
    /// Given back with the last byte.
    let slot: RequestSlots.Slot?
    /// Told that bytes come, about once a second.
    let heard: @Sendable () -> Void

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(body: body.makeAsyncIterator(), expected: expected, registry: registry, slot: slot, heard: heard)
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        private var body: HTTPClientResponse.Body.AsyncIterator
        private let expected: Int64?
        private let registry: RegistryName
        private let slot: RequestSlots.Slot?
        private let heard: @Sendable () -> Void
        private var received: Int64 = 0
        private var lastTold: ContinuousClock.Instant?

        init(
            body: HTTPClientResponse.Body.AsyncIterator, expected: Int64?, registry: RegistryName,
            slot: RequestSlots.Slot?, heard: @escaping @Sendable () -> Void
        ) {
            self.slot = slot
            self.heard = heard
            self.body = body
            self.expected = expected
            self.registry = registry
        }

        public mutating func next() async throws(UpstreamError) -> ByteBuffer? {
            let chunk: ByteBuffer?
            do {
                chunk = try await body.next()
            } catch {
                slot?.release()
                throw broken("broke off after \(received) bytes: \(TransportFailure(error).reason)")
            }
            guard let chunk else {
                slot?.release()
                if let expected, received != expected { throw broken("sent \(received) of \(expected) bytes") }
                return nil
            }
            received += Int64(chunk.readableBytes)
            let now = ContinuousClock.now
            if lastTold.map({ $0.duration(to: now) >= .seconds(1) }) ?? true {
                lastTold = now
                heard()
            }
            if let expected, received > expected {
                throw broken("sent more than the \(expected) bytes it had announced")
            }
            return chunk
        }

        private func broken(_ what: String) -> UpstreamError {
            UpstreamError(code: .broken, message: "\(registry) \(what)", registry: registry)
        }
    }
}
