import Synchronization

/// What hashing to verify has cost, and what it found, since the start. Safe from any thread; added to once for megabytes.
public final class HashingTally: Sendable {
    /// The figures at one moment.
    public struct Work: Sendable, Equatable {
        public var bytes: Int64
        /// Of all threads together.
        public var seconds: Double
        /// Blobs that were not what their digest says.
        public var damaged: Int64

        public init(bytes: Int64 = 0, seconds: Double = 0, damaged: Int64 = 0) {
            self.bytes = bytes
            self.seconds = seconds
            self.damaged = damaged
        }

        public static func + (left: Work, right: Work) -> Work {
            Work(
                bytes: left.bytes + right.bytes, seconds: left.seconds + right.seconds,
                damaged: left.damaged + right.damaged)
        }
    }

    private let bytes = Atomic<Int64>(0)
    private let microseconds = Atomic<Int64>(0)
    private let damaged = Atomic<Int64>(0)

    public init() {}

    public var work: Work {
        Work(
            bytes: bytes.load(ordering: .relaxed), seconds: Double(microseconds.load(ordering: .relaxed)) / 1e6,
            damaged: damaged.load(ordering: .relaxed))
    }

    /// A thread has hashed so many bytes since `began`.
    public func hashed(_ count: Int64, since began: ContinuousClock.Instant) {
        bytes.wrappingAdd(count, ordering: .relaxed)
        microseconds.wrappingAdd(Int64(began.duration(to: .now) / .microseconds(1)), ordering: .relaxed)
    }

    /// A blob was found damaged.
    public func foundDamage() { damaged.wrappingAdd(1, ordering: .relaxed) }
}
