internal import AsyncHTTPClient
public import NIOCore
import OCI

/// A blob's bytes from upstream.
///
/// Ends with an error where the connection breaks, is silent for too long, or brings another number of bytes than was said.
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
        var body: HTTPClientResponse.Body.AsyncIterator
        let expected: Int64?
        let registry: RegistryName
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
                throw broken("broke off after \(received) bytes: \(error)")
            }
            guard let chunk else {
                if let expected, received != expected { throw broken("sent \(received) of \(expected) bytes") }
                return nil
            }
            received += Int64(chunk.readableBytes)
            if let expected, received > expected { throw broken("sent more than the \(expected) bytes it had announced") }
            return chunk
        }

        private func broken(_ what: String) -> UpstreamError {
            UpstreamError(code: .broken, message: "\(registry) \(what)", registry: registry)
        }
    }
}

/// The head of upstream's answer to a request for a blob, checked against what was asked.
public struct UpstreamBlob: Sendable {
    /// Where in the blob the body begins.
    public var offset: Int64
    /// The size of the whole blob; nil where upstream did not say.
    public var totalSize: Int64?
    /// No credentials of this node were needed.
    public var anonymous: Bool
    /// A range was asked for, and the whole blob is coming.
    public var rangeIgnored: Bool
    public var body: UpstreamBody
}
