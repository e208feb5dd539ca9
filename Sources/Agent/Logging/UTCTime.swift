import Glibc

/// A moment of the wall clock, for people who read logs; nothing is decided by it.
struct UTCTime: Sendable, CustomStringConvertible {
    /// Since 1970.
    var seconds: Int
    var milliseconds: Int

    static var now: UTCTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UTCTime(seconds: time.tv_sec, milliseconds: time.tv_nsec / 1_000_000)
    }

    /// The time that it was a while ago.
    func earlier(by duration: Duration) -> UTCTime {
        let (whole, atto) = duration.components
        let all = seconds * 1000 + milliseconds - Int(whole) * 1000 - Int(atto / 1_000_000_000_000_000)
        let rest = (all % 1000 + 1000) % 1000
        return UTCTime(seconds: (all - rest) / 1000, milliseconds: rest)
    }

    /// RFC 3339: `2026-01-31T12:00:00.123Z`.
    var description: String {
        var seconds = seconds
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func padded(_ number: some BinaryInteger, _ width: Int = 2) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let date = "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
        let clock = "\(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec))"
        return "\(date)T\(clock).\(padded(milliseconds, 3))Z"
    }
}
