import CSHA256

/// The state of SHA-256 between two blocks (FIPS 180-4, 6.2.2): all that is left of everything hashed so far.
///
/// After the last block, padding included, it is the digest.
public struct SHA256State: Hashable, Sendable {
    /// 32.
    public static let byteCount = 32

    /// What every message begins with.
    public static let initial = withUnsafeBytes(of: shoal_sha256_initial) { bytes in
        SHA256State(words: bytes.loadUnaligned(as: SIMD8<UInt32>.self))
    }

    var words: SIMD8<UInt32>

    init(words: SIMD8<UInt32>) {
        self.words = words
    }

    /// From 32 bytes, the first word first, each big-endian: the form of a digest.
    /// - Returns: nil where there are more or fewer bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        words = SIMD8(repeating: 0)
        for (index, byte) in bytes.enumerated() { words[index / 4] = words[index / 4] << 8 | UInt32(byte) }
    }

    /// 32 bytes, as `init(bytes:)` takes them.
    public var bytes: [UInt8] {
        (0..<Self.byteCount).map { UInt8(truncatingIfNeeded: words[$0 / 4] >> (24 - 8 * UInt32($0 % 4))) }
    }
}
