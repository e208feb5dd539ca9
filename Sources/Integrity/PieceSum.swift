import OCI

/// The checksum of one piece of a blob, made by the node that took it from upstream: how other nodes know before the whole blob is
/// there that a piece came to them unharmed.
///
/// SHA-256 over the SHA-256 digests of the piece's leaves of 256 KiB each (the last one shorter). The leaves of one piece are
/// hashed beside each other, so that a checksum costs a fraction of what the digest of the same bytes does.
public struct PieceSum: Hashable, Sendable {
    /// 256 KiB.
    public static let leafSize: Int64 = 256 << 10

    /// 32 bytes.
    public let bytes: [UInt8]

    /// - Returns: nil where there are not exactly 32 bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == SHA256State.byteCount else { return nil }
        self.bytes = Array(bytes)
    }

    /// Computes it. Blocks for as long as reading and hashing take; not for event loops.
    /// - Parameters:
    ///   - length: of the piece, in bytes.
    ///   - read: gives its bytes; what it throws is thrown.
    public init(length: Int64, read: @escaping LaneJob.Reader) throws {
        let leaves = stride(from: 0, to: max(length, 1), by: Int(Self.leafSize)).map { start -> LaneJob in
            let size = min(Self.leafSize, length - start)
            return LaneJob(from: .initial, length: size, messageLength: size) { offset, buffer in
                try read(start + offset, buffer)
            }
        }
        var hasher = ContentHasher(.sha256)
        for result in LaneHasher().run(leaves) {
            try result.get().end.bytes.withUnsafeBytes { hasher.update($0) }
        }
        bytes = hasher.finish().bytes
    }
}
