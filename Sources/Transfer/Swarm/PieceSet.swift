/// Which pieces of a blob somebody has: a bit for each.
///
/// As text, in `Shoal-Pieces`, it is a list of piece numbers and ranges of them: `0-3,7`.
public struct PieceSet: Hashable, Sendable {
    /// How many pieces the blob has.
    public let count: Int
    private(set) var words: [UInt64]

    /// No piece of a blob that has `count`.
    public init(count: Int) {
        self.count = count
        words = [UInt64](repeating: 0, count: (count + 63) / 64)
    }

    /// All pieces.
    public static func all(of count: Int) -> PieceSet {
        var set = PieceSet(count: count)
        set.insert(0..<count)
        return set
    }

    /// These pieces of a blob that has `count`.
    public init(_ pieces: Range<Int>, of count: Int) {
        self.init(count: count)
        insert(pieces)
    }

    public func contains(_ piece: Int) -> Bool {
        0..<count ~= piece && words[piece / 64] & (1 << UInt64(piece % 64)) != 0
    }

    /// What the blob does not have is left out.
    public mutating func insert(_ piece: Int) {
        guard 0..<count ~= piece else { return }
        words[piece / 64] |= 1 << UInt64(piece % 64)
    }

    public mutating func insert(_ pieces: Range<Int>) {
        forEachMask(of: pieces) { words, index, mask in words[index] |= mask }
    }

    public mutating func remove(_ piece: Int) {
        guard 0..<count ~= piece else { return }
        words[piece / 64] &= ~(1 << UInt64(piece % 64))
    }

    public mutating func remove(_ pieces: Range<Int>) {
        forEachMask(of: pieces) { words, index, mask in words[index] &= ~mask }
    }

    /// Word by word, so that a text of many long ranges costs little to read.
    private mutating func forEachMask(of pieces: Range<Int>, _ body: (inout [UInt64], Int, UInt64) -> Void) {
        let pieces = pieces.clamped(to: 0..<count)
        guard !pieces.isEmpty else { return }
        let last = pieces.upperBound - 1
        for index in pieces.lowerBound / 64...last / 64 {
            let low = max(pieces.lowerBound - index * 64, 0)
            let high = min(last - index * 64, 63)
            body(&words, index, (UInt64.max << UInt64(low)) & (UInt64.max >> UInt64(63 - high)))
        }
    }

    /// How many pieces are in it.
    public var population: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    public mutating func formUnion(_ other: PieceSet) {
        for index in words.indices.prefix(other.words.count) { words[index] |= other.words[index] }
    }

    public mutating func subtract(_ other: PieceSet) {
        for index in words.indices.prefix(other.words.count) { words[index] &= ~other.words[index] }
    }

    public mutating func formIntersection(_ other: PieceSet) {
        for index in words.indices { words[index] &= index < other.words.count ? other.words[index] : 0 }
    }

    /// The lowest that is in this set and in another one.
    public func firstCommon(with other: PieceSet) -> Int? {
        for index in words.indices.prefix(other.words.count) {
            let word = words[index] & other.words[index]
            if word != 0 { return index * 64 + word.trailingZeroBitCount }
        }
        return nil
    }

    /// The lowest piece of the set.
    public var first: Int? {
        for (index, word) in words.enumerated() where word != 0 { return index * 64 + word.trailingZeroBitCount }
        return nil
    }

    /// The lowest piece of the set at or after one; from the beginning where there is none.
    public func first(atOrAfter piece: Int) -> Int? {
        guard 0..<count ~= piece else { return first }
        let head = words[piece / 64] & (UInt64.max << UInt64(piece % 64))
        if head != 0 { return piece / 64 * 64 + head.trailingZeroBitCount }
        for index in words.indices.dropFirst(piece / 64 + 1) where words[index] != 0 {
            return index * 64 + words[index].trailingZeroBitCount
        }
        return first
    }

    /// In ascending order.
    public func forEach(_ body: (Int) -> Void) {
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                body(index * 64 + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
    }

    /// Its pieces as ranges, in ascending order, neighbours joined.
    public var ranges: [Range<Int>] {
        var ranges: [Range<Int>] = []
        forEach { piece in
            if let last = ranges.last, last.upperBound == piece {
                ranges[ranges.count - 1] = last.lowerBound..<piece + 1
            } else {
                ranges.append(piece..<piece + 1)
            }
        }
        return ranges
    }
}

extension PieceSet {
    /// The longest text that is written or read; more ranges than fit are left out, which only claims less than there is.
    public static let maximumTextSize = 4096

    /// As `Shoal-Pieces` has it.
    public var text: String {
        var text = ""
        for range in ranges {
            let part = range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound - 1)"
            guard text.utf8.count + part.utf8.count < Self.maximumTextSize else { break }
            text += text.isEmpty ? part : ",\(part)"
        }
        return text
    }

    /// From `Shoal-Pieces`.
    /// - Returns: nil for what is no such list, names pieces that the blob does not have, or is longer than any that is written.
    public init?(_ text: some StringProtocol, count: Int) {
        guard text.utf8.count <= Self.maximumTextSize else { return nil }
        self.init(count: count)
        guard !text.isEmpty else { return }
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let bounds = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            let numbers = bounds.compactMap { bound in
                bound.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(bound) : nil
            }
            guard numbers.count == bounds.count, let first = numbers.first, let last = numbers.last, first <= last,
                last < count
            else { return nil }
            insert(first..<last + 1)
        }
    }
}
