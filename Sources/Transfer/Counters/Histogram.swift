/// How long something took, in fixed buckets: as many numbers as there are bounds, however often it happens. A value.
public struct Histogram: Sendable, Equatable {
    /// Upper bounds of the buckets, in seconds; what takes longer is in the last one.
    public static let bounds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
    ]

    /// How many there were in each bucket, the last without a bound: not those of the buckets before.
    public private(set) var counts = [Int64](repeating: 0, count: Histogram.bounds.count + 1)
    /// Of all, in seconds.
    public private(set) var sum = 0.0

    public init() {}

    public var count: Int64 { counts.reduce(0, +) }

    /// Counts one. A bound belongs to its bucket.
    public mutating func observe(_ duration: Duration) {
        let seconds = max(0, duration / .seconds(1))
        counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
        sum += seconds
    }
}
