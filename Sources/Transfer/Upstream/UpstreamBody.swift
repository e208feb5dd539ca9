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

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(body: body.makeAsyncIterator(), expected: expected, registry: registry)
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        private var body: HTTPClientResponse.Body.AsyncIterator
        private let expected: Int64?
        private let registry: RegistryName
        private var received: Int64 = 0

        init(body: HTTPClientResponse.Body.AsyncIterator, expected: Int64?, registry: RegistryName) {
            self.body = body
            self.expected = expected
            self.registry = registry
        }

        public mutating func next() async throws(UpstreamError) -> ByteBuffer? {
            let chunk: ByteBuffer?
            do {
                chunk = try await body.next()
            } catch {
                throw broken("broke off after \(received) bytes: \(TransportFailure(error).reason)")
            }
            guard let chunk else {
                if let expected, received != expected { throw broken("sent \(received) of \(expected) bytes") }
                return nil
            }
            received += Int64(chunk.readableBytes)
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
