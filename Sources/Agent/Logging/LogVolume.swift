/// How many lines a log takes in a minute. A value; time is a parameter.
struct LogVolume: Sendable {
    typealias Instant = ContinuousClock.Instant

    static let window: Duration = .seconds(60)

    private let limit: Int
    private var began: Instant?
    private var count = 0

    /// - Parameter limit: lines in a minute.
    init(limit: Int) {
        self.limit = limit
    }

    /// Whether one more is to be said.
    mutating func admits(now: Instant) -> Bool {
        if began == nil { began = now }
        count += 1
        return count <= limit
    }

    /// How many were left out in a minute that is over, told once; nil where none were, or it is not over.
    mutating func ended(now: Instant) -> Int? {
        guard let began, began.duration(to: now) >= Self.window else { return nil }
        defer { (self.began, count) = (nil, 0) }
        return count > limit ? count - limit : nil
    }
}
