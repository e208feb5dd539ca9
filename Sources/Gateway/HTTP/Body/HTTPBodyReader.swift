public import NIOCore

/// The body of a request that is read while it arrives. One task reads.
public protocol HTTPBodyReader: AnyObject, Sendable {
    /// The next bytes; nil at the end.
    /// - Throws: ``HTTPRefusal`` where the body breaks off, is malformed or stops coming; `CancellationError`.
    func next() async throws -> ByteBuffer?
}

extension HTTPBodyReader {
    /// All that is left.
    /// - Throws: ``HTTPRefusal`` of reason `bodyTooLarge` where that is more than `limit` bytes.
    public func collect(limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let chunk = try await next() {
            guard bytes.count + chunk.readableBytes <= limit else {
                throw HTTPRefusal(.bodyTooLarge, "the request's body is larger than \(limit) bytes")
            }
            bytes += chunk.readableBytesView
        }
        return bytes
    }
}
