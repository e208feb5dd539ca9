/// How often the same thing is said in a minute. A value; time is a parameter. Bounded: beyond ``keyLimit`` things at a time, the others
/// count as one.
struct RepeatLimit: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// What makes two events the same: the message, and whom or what it is about.
    struct Key: Hashable, Sendable {
        var message: String
        var about: String
    }

    /// Things of which some were left out.
    struct Left: Equatable, Sendable {
        var key: Key
        var count: Int
    }

    static let window: Duration = .seconds(60)
    static let keyLimit = 256

    private struct Window {
        var began: Instant
        var count = 0
    }

    private let limit: Int
    private var windows: [Key: Window] = [:]
    private var nextEnd: Instant?

    /// - Parameter limit: how many are said in a minute.
    init(limit: Int) {
        self.limit = limit
    }

    /// Whether this one is to be said.
    mutating func admits(_ key: Key, now: Instant) -> Bool {
        let isKnown = windows[key] != nil || windows.count < Self.keyLimit
        let key = isKnown ? key : Key(message: "other warnings", about: "")
        var window = windows[key] ?? Window(began: now)
        window.count += 1
        windows[key] = window
        let end = window.began.advanced(by: Self.window)
        nextEnd = min(nextEnd ?? end, end)
        return window.count <= limit
    }

    /// What was left out in minutes that are over; each is told once.
    mutating func ended(now: Instant) -> [Left] {
        guard let end = nextEnd, now >= end else { return [] }
        let over = windows.filter { $0.value.began.duration(to: now) >= Self.window }
        for key in over.keys { windows[key] = nil }
        nextEnd = windows.values.map { $0.began.advanced(by: Self.window) }.min()
        return over.filter { $0.value.count > limit }.map { Left(key: $0.key, count: $0.value.count - limit) }
            .sorted { ($0.key.message, $0.key.about) < ($1.key.message, $1.key.about) }
    }
}
