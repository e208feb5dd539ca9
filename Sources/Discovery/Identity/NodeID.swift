import Integrity

/// Names a node for as long as its `data_dir` lives: 16 random bytes, printed as 32 hexadecimal digits.
public struct NodeID: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    public static let byteCount = 16

    // Two words, so that an id needs no heap: the peer table is keyed by it.
    let high: UInt64
    let low: UInt64

    /// Nil where `hex` is not exactly 32 hexadecimal digits.
    public init?(hex: some StringProtocol) {
        guard let bytes = Hex.bytes(hex) else { return nil }
        self.init(bytes: bytes)
    }

    /// Nil where there are not exactly 16 bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A new one, from the system's random source.
    public static func random() -> NodeID {
        let bytes = SecureRandom.bytes(byteCount)
        return NodeID(
            high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
            low: bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// The 16 bytes, in network order.
    public var bytes: [UInt8] {
        [high, low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } }
    }

    /// The first eight bytes as a number: for hashing that must come out the same on every node.
    public var leadingWord: UInt64 { high }

    public var hex: String { Hex.string(bytes) }

    public var description: String { hex }

    public static func < (one: NodeID, other: NodeID) -> Bool {
        (one.high, one.low) < (other.high, other.low)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = NodeID(hex: text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "a node id is 32 hexadecimal digits, not “\(text.prefix(64))”")
        }
        self = id
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }
}
