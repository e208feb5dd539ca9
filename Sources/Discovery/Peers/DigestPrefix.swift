import OCI

/// The first eight bytes of a digest: enough to guess that somebody has it, in a place too narrow for whole digests.
struct DigestPrefix: Hashable, Sendable {
    static let byteCount = 8

    private let value: UInt64

    init(_ digest: Digest) {
        value = Self.value(of: digest.bytes.prefix(Self.byteCount))
    }

    /// Nil where there are not exactly eight bytes.
    init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        value = Self.value(of: bytes)
    }

    /// In network order.
    var bytes: [UInt8] { (0..<Self.byteCount).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) } }

    private static func value(of bytes: some Collection<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
