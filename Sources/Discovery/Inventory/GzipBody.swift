import CZlib

/// A document's body in the content coding `gzip` (RFC 9110 §8.4.1.3, RFC 1952), in one member.
///
/// Only documents between nodes: a blob is never content-encoded.
public enum GzipBody {
    /// With gzip's header and checksum around it, and a window of 32 KiB.
    private static let format = 15 + 16
    private static let step = 64 << 10

    /// The body compressed, fast rather than small; nil where zlib has no memory for it.
    public static func compressed(_ body: [UInt8]) -> [UInt8]? {
        guard let count = UInt32(exactly: body.count) else { return nil }
        var stream = z_stream()
        // One address from the beginning to the end: zlib keeps it and compares.
        return withUnsafeMutablePointer(to: &stream) { stream in
            guard
                deflateInit2_(
                    stream, Z_BEST_SPEED, Z_DEFLATED, CInt(format), 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                    CInt(MemoryLayout<z_stream>.size)) == Z_OK
            else { return nil }
            defer { deflateEnd(stream) }
            let bound = Int(deflateBound(stream, uLong(count)))
            return body.withUnsafeBufferPointer { input in
                var isWhole = false
                let result = [UInt8](unsafeUninitializedCapacity: bound) { output, written in
                    stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)  // only read
                    stream.pointee.avail_in = count
                    stream.pointee.next_out = output.baseAddress
                    stream.pointee.avail_out = UInt32(clamping: bound)
                    isWhole = deflate(stream, Z_FINISH) == Z_STREAM_END
                    written = Int(stream.pointee.total_out)
                }
                return isWhole ? result : nil
            }
        }
    }

    /// What the body stands for. However small the body, no more than `limit` bytes and one step are ever held.
    /// - Parameter limit: the most bytes that it may stand for.
    /// - Throws: `.answerInvalid` where the body is cut, damaged, followed by something, or stands for more.
    public static func inflated(_ body: [UInt8], limit: Int) throws(DiscoveryError) -> [UInt8] {
        guard let count = UInt32(exactly: body.count) else { throw tooLong(limit) }
        var stream = z_stream()
        return try withUnsafeMutablePointer(to: &stream) { stream throws(DiscoveryError) in
            guard inflateInit2_(stream, CInt(format), ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size)) == Z_OK else {
                throw DiscoveryError(.answerInvalid, "there is no memory for inflating a peer's answer")
            }
            defer { inflateEnd(stream) }
            return try body.withUnsafeBufferPointer { input throws(DiscoveryError) in
                stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)  // only read
                stream.pointee.avail_in = count
                return try drain(stream, limit: limit)
            }
        }
    }

    private static func drain(
        _ stream: UnsafeMutablePointer<z_stream>, limit: Int
    ) throws(DiscoveryError) -> [UInt8] {
        var result: [UInt8] = []
        while true {
            var status = Z_OK
            let part = [UInt8](unsafeUninitializedCapacity: step) { output, written in
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(step)
                status = inflate(stream, Z_NO_FLUSH)
                written = step - Int(stream.pointee.avail_out)
            }
            guard result.count + part.count <= limit else { throw tooLong(limit) }
            result += part
            switch status {
            case Z_OK where !part.isEmpty || stream.pointee.avail_in > 0:
                continue
            case Z_STREAM_END where stream.pointee.avail_in == 0:
                return result
            case Z_STREAM_END:
                throw DiscoveryError(.answerInvalid, "a peer's compressed answer is followed by something else")
            case Z_OK, Z_BUF_ERROR:
                throw DiscoveryError(.answerInvalid, "a peer's compressed answer ends in the middle")
            default:
                throw DiscoveryError(.answerInvalid, "a peer's compressed answer is damaged (zlib's error \(status))")
            }
        }
    }

    private static func tooLong(_ limit: Int) -> DiscoveryError {
        DiscoveryError(.answerInvalid, "a peer's compressed answer stands for more than \(limit) bytes")
    }
}
