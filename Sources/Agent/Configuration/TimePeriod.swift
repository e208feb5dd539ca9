/// A span of time as people write it: `30d`, `12h`.
public struct TimePeriod: Hashable, Sendable, CustomStringConvertible {
    /// More than none.
    public var seconds: Int64

    /// Makes a period from seconds.
    public init(seconds: Int64) {
        self.seconds = seconds
    }

    /// Reads a whole number and a unit: `s`, `m` (minutes), `h`, `d`, `w`.
    public init?(text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).trimmingSpaces
        guard let count = Int64(digits), count > 0, let factor = Self.units.first(where: { $0.name == unit })?.factor
        else { return nil }
        let (seconds, overflow) = count.multipliedReportingOverflow(by: factor)
        guard !overflow, seconds <= Self.longest else { return nil }
        self.seconds = seconds
    }

    /// In the largest unit that divides it, weeks excepted: `30d`, `90m`.
    public var description: String {
        let unit = Self.units.first { $0.name != "w" && seconds % $0.factor == 0 }
        return unit.map { "\(seconds / $0.factor)\($0.name)" } ?? "\(seconds)s"
    }

    /// A hundred years: what is added to a time stays a time.
    private static let longest: Int64 = 100 * 366 * 86_400

    private static let units: [(name: String, factor: Int64)] = [
        ("w", 7 * 86_400), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1),
    ]
}

extension TimePeriod: Comparable {
    public static func < (left: Self, right: Self) -> Bool { left.seconds < right.seconds }
}

extension TimePeriod: ConfigurationText {
    static var typeName: String { "period" }
    static var expectation: String { "a period such as \"30d\" or \"12h\"" }
}
