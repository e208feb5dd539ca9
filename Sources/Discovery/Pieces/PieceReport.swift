public import Integrity

/// `GET /v1/pieces/<digest>`: what a node has of a blob that is still arriving, in the order in which it came.
///
/// Whoever asks again asks for what came since: the answer is a part of a log that only grows. When something has to be taken back the
/// log begins anew, under another number.
public struct PieceReport: Codable, Sendable, Equatable {
    /// The most arrivals in one answer.
    public static let pageLimit = 1024

    /// A piece that is here.
    public struct Arrival: Sendable, Equatable {
        public var piece: Int
        /// Its checksum, made by the node that took it from upstream; nil where the sender does not know it.
        public var sum: PieceSum?
        /// That node; nil where the sender does not know it.
        public var origin: NodeID?

        public init(piece: Int, sum: PieceSum?, origin: NodeID?) {
            self.piece = piece
            self.sum = sum
            self.origin = origin
        }
    }

    public var schema = 1
    /// The blob's, in bytes.
    public var size: Int64
    /// Names the log. A number not seen before: forget what the sender was said to have.
    public var began: UInt64
    /// Where in the log the arrivals begin, and where they end.
    public var since: Int
    public var arrivals: [Arrival]
    /// Whether there is more of the log than fitted.
    public var hasMore: Bool
    /// The pieces that are on their way here from upstream, as `Shoal-Pieces` writes them.
    public var fetching: String
    /// Whether the sender can ask upstream for more.
    public var upstream: Bool

    public init(
        size: Int64, began: UInt64, since: Int, arrivals: [Arrival], hasMore: Bool, fetching: String, upstream: Bool
    ) {
        self.size = size
        self.began = began
        self.since = since
        self.arrivals = arrivals
        self.hasMore = hasMore
        self.fetching = fetching
        self.upstream = upstream
    }

    enum CodingKeys: String, CodingKey {
        case schema, size, began, since, arrivals, fetching, upstream
        case hasMore = "has_more"
    }
}

extension PieceReport.Arrival: Codable {
    enum CodingKeys: String, CodingKey {
        case piece, sum
        case origin = "from"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        piece = try container.decode(Int.self, forKey: .piece)
        origin = try container.decodeIfPresent(NodeID.self, forKey: .origin)
        sum = try container.decodeIfPresent(String.self, forKey: .sum).map { text in
            guard let bytes = Hex.bytes(text), let sum = PieceSum(bytes: bytes) else {
                throw DecodingError.dataCorruptedError(
                    forKey: .sum, in: container, debugDescription: "a piece's checksum is 64 hexadecimal digits")
            }
            return sum
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(piece, forKey: .piece)
        try container.encodeIfPresent(sum.map { Hex.string($0.bytes) }, forKey: .sum)
        try container.encodeIfPresent(origin, forKey: .origin)
    }
}
