public import OCI

/// A blob that a node holds whole.
public struct InventoryEntry: Hashable, Sendable {
    public var digest: Digest
    /// Bytes.
    public var size: Int64
    /// Whether the node has hashed all of it and found it right. What its runtime holds and the node has not read yet is offered
    /// unproven: taken where nobody has it proven.
    public var isProven: Bool

    public init(digest: Digest, size: Int64, isProven: Bool = true) {
        self.digest = digest
        self.size = size
        self.isProven = isProven
    }
}

/// `"unproven": true` where it is so, and nothing where it is not.
extension InventoryEntry: Codable {
    private enum CodingKeys: CodingKey {
        case digest
        case size
        case unproven
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        digest = try container.decode(Digest.self, forKey: .digest)
        size = try container.decode(Int64.self, forKey: .size)
        isProven = try container.decodeIfPresent(Bool.self, forKey: .unproven) != true
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(digest, forKey: .digest)
        try container.encode(size, forKey: .size)
        if !isProven { try container.encode(true, forKey: .unproven) }
    }
}
