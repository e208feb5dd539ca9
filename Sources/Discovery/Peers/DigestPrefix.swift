import OCI

/// The first eight bytes of a digest: enough to guess that somebody has it, in a place too narrow for whole digests.
struct DigestPrefix: Hashable, Sendable {
    static let byteCount = 8

    /// In network order.
    let bytes: [UInt8]

    init(_ digest: Digest) {
        bytes = Array(digest.bytes.prefix(Self.byteCount))
    }

    /// Nil where there are not exactly eight bytes.
    init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = Array(bytes)
    }
}
