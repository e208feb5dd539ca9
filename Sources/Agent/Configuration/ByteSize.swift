/// A number of bytes: `GB` is 10^9, `GiB` is 2^30.
public struct ByteSize: Hashable, Sendable, CustomStringConvertible {
    /// The bytes; never negative.
    public var bytes: Int64

    /// Makes a size from bytes.
    public init(bytes: Int64) {
        self.bytes = bytes
    }

    /// Reads `20GB`, `512 MiB` or plain bytes; whole numbers only.
    public init?(text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).trimmingSpaces
        guard let count = Int64(digits), let factor = Self.factor(of: unit) else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: factor)
        guard !overflow else { return nil }
        self.bytes = bytes
    }

    /// The largest unit that divides it: `20GB`, `512MiB`, `1001`.
    public var description: String {
        guard bytes > 0, let unit = Self.units.filter({ bytes % $0.factor == 0 }).max(by: { $0.factor < $1.factor })
        else { return String(bytes) }
        return "\(bytes / unit.factor)\(unit.name)"
    }

    private static let units: [(name: String, factor: Int64)] = [
        ("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
    ]

    private static func factor(of unit: Substring) -> Int64? {
        switch unit {
        case "", "B": 1
        case "KB": 1000
        default: units.first { $0.name == unit }?.factor
        }
    }
}

extension ByteSize: Comparable {
    public static func < (left: Self, right: Self) -> Bool { left.bytes < right.bytes }
}

extension ByteSize: ConfigurationText {
    static var typeName: String { "size" }
    static var expectation: String { "a size such as \"20GB\" or \"512MiB\"" }

    init?(_ value: ConfigurationValue) {
        switch value {
        case .string(let text): self.init(text: text)
        case .integer(let bytes) where bytes >= 0: self.init(bytes: bytes)
        default: return nil
        }
    }
}

/// Bytes per second, written as a size and `/s`: `80MB/s`.
public struct ByteRate: Hashable, Sendable, CustomStringConvertible {
    /// How many bytes may pass in a second; more than none.
    public var perSecond: ByteSize

    /// Reads `80MB/s`. No limit is not a rate: it is written as empty text.
    public init?(text: String) {
        guard text.hasSuffix("/s"), let size = ByteSize(text: String(text.dropLast(2))), size.bytes > 0 else {
            return nil
        }
        perSecond = size
    }

    /// The rate as it is written in the configuration.
    public var description: String { "\(perSecond)/s" }
}

extension ByteRate: ConfigurationText {
    static var typeName: String { "rate" }
    static var expectation: String { "a rate such as \"80MB/s\"" }
}
