import Glibc

/// What a piece of work took.
struct Cost {
    /// Of this thread's processor time.
    var processor: Double
    var wall: Double
    var isRight: Bool

    /// The best of some rounds: others use the machine, too.
    static func least(of rounds: Int, _ work: () throws -> Bool) throws -> Cost {
        var least = Cost(processor: .infinity, wall: .infinity, isRight: true)
        for _ in 0..<rounds {
            let (processor, wall) = (seconds(CLOCK_THREAD_CPUTIME_ID), seconds(CLOCK_MONOTONIC))
            let isRight = try work()
            least.isRight = least.isRight && isRight
            least.processor = min(least.processor, seconds(CLOCK_THREAD_CPUTIME_ID) - processor)
            least.wall = min(least.wall, seconds(CLOCK_MONOTONIC) - wall)
        }
        return least
    }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// A line of the table.
struct Line {
    static let heading = pad("", 46) + "  GB per CPU s      GB/s"
    let text: String

    init(_ name: String, bytes: Int64, _ cost: Cost) {
        text =
            Self.pad(name, 46) + Self.right(Self.two(Double(bytes) / cost.processor / 1e9), 14)
            + Self.right(Self.two(Double(bytes) / cost.wall / 1e9), 10) + (cost.isRight ? "" : "   WRONG")
    }

    private static func two(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        return "\(hundredths / 100)." + (hundredths % 100 < 10 ? "0" : "") + "\(hundredths % 100)"
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
