/// Which word on a name of the local namespace is the later one: of two the higher holds, on every node and whatever came first.
public struct NameVersion: Hashable, Sendable, Comparable {
    /// What a counter may be: every number in it is the same in all readers of JSON.
    public static let counters: Range<UInt64> = 1..<(1 << 53)

    public var counter: UInt64
    /// The node that made the version: the tie of two that counted to the same.
    public var author: NodeID

    public init(counter: UInt64, author: NodeID) {
        self.counter = counter
        self.author = author
    }

    /// Whether the counter is one that others take.
    public var isValid: Bool { Self.counters.contains(counter) }

    /// By counter, then by the bytes of the author's id.
    public static func < (one: NameVersion, other: NameVersion) -> Bool {
        (one.counter, one.author) < (other.counter, other.author)
    }
}

/// `{"counter":1,"node":"…"}`
extension NameVersion: Codable {
    private enum CodingKeys: String, CodingKey {
        case counter
        case author = "node"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        counter = try container.decode(UInt64.self, forKey: .counter)
        author = try container.decode(NodeID.self, forKey: .author)
        guard isValid else {
            throw DecodingError.dataCorruptedError(
                forKey: .counter, in: container,
                debugDescription: "the counter of a version is a number from 1 to 2^53 - 1, not \(counter)")
        }
    }
}
