import Testing

@testable import Transfer

@Suite("Token buckets")
struct TokenBucketTests {
    private let start = ContinuousClock.now

    /// A burst is 50 ms' worth of it, and a portion a quarter of that, to the nanosecond.
    private static let rate: Int64 = 8_000_000
    private static let burst = rate / 20

    @Test("A full bucket lets one burst pass, then the rate")
    func burst() {
        var bucket = TokenBucket(rate: Self.rate, now: start)
        for _ in 0..<4 {
            #expect(bucket.due(Self.burst / 4) <= start)
            bucket.pass(Self.burst / 4, now: start)
        }
        #expect(bucket.due(Self.rate / 100) == start + .milliseconds(10))
        #expect(bucket.due(1) > start)
    }

    @Test("Rest does not save up more than a burst")
    func rest() {
        var bucket = TokenBucket(rate: Self.rate, now: start)
        let later = start + .seconds(60)
        bucket.pass(Self.burst, now: later)
        #expect(bucket.due(Self.burst) == later + .milliseconds(50))
    }

    @Test("A timer that is late costs nothing, as long as it is late by less than a burst")
    func late() {
        var bucket = TokenBucket(rate: Self.rate, now: start)
        let portion = TokenBucket.portion(at: Self.rate)
        var (now, passed): (ContinuousClock.Instant, Int64) = (start, 0)
        while passed < Self.rate * 10 {
            now = max(now, bucket.due(portion)) + .milliseconds(7)
            bucket.pass(portion, now: now)
            passed += portion
        }
        let seconds = start.duration(to: now) / .seconds(1)
        #expect((9.9...10.1).contains(seconds))
    }

    @Test("In any stretch of time no more passes than the rate's worth and a burst")
    func bound() {
        var bucket = TokenBucket(rate: Self.rate, now: start)
        var generator = SplitMix(seed: 7)
        var passes: [(at: ContinuousClock.Instant, count: Int64)] = []
        var now = start
        for _ in 0..<300 {
            let count = Int64.random(in: 1...Self.burst, using: &generator)
            now = max(now, bucket.due(count)) + .milliseconds(Int.random(in: 0...90, using: &generator) / 80 * 90)
            bucket.pass(count, now: now)
            passes.append((now, count))
        }
        for first in passes.indices {
            var sum: Int64 = 0
            for pass in passes[first...] {
                sum += pass.count
                let seconds = passes[first].at.duration(to: pass.at) / .seconds(1)
                #expect(Double(sum) <= Double(Self.rate) * seconds + Double(Self.burst) + 1)
            }
        }
    }

    @Test("At slow rates, too, portions are a quarter of a burst", arguments: [8192, 1 << 20])
    func slowPortion(rate: Int64) {
        #expect(TokenBucket.portion(at: rate) == 16 << 10)
    }

    @Test(
        "The more take turns the smaller are portions, so that a turn of all takes two seconds at most",
        arguments: [(100_000, 32), (100_000, 12), (8_000_000, 256), (1 << 40, 65_536), (.max, 7)] as [(Int64, Int)])
    func turns(rate: Int64, count: Int) {
        let portion = TokenBucket.portion(at: rate, among: count)
        #expect(portion >= 1 << 10)
        #expect(Double(portion) * Double(count) <= 2 * Double(rate))
        #expect(portion <= TokenBucket.portion(at: rate))
    }

    @Test("Of a rate that is next to nothing portions stay worth the waking", arguments: [1, 1000, 50_000] as [Int64])
    func leastPortion(rate: Int64) {
        #expect(TokenBucket.portion(at: rate, among: 1000) == 1 << 10)
    }

    @Test("Slow rates pass 64 KiB at once", arguments: [1, 1000, 1 << 20])
    func slow(rate: Int64) {
        var bucket = TokenBucket(rate: rate, now: start)
        bucket.pass(48 << 10, now: start)
        #expect(bucket.due(16 << 10) == start)
        bucket.pass(16 << 10, now: start)
        #expect(bucket.due(1) > start)
    }

    @Test("Fast rates take larger portions")
    func fast() {
        #expect(TokenBucket.portion(at: 80_000_000) == 1_000_000)
    }

    @Test("More than a burst passes when the bucket is full, and is made up for after")
    func large() {
        var bucket = TokenBucket(rate: Self.rate, now: start)
        #expect(bucket.due(Self.rate) == start)
        bucket.pass(Self.rate, now: start)
        #expect(bucket.due(Self.burst) == start + .seconds(1))
    }

    @Test("What could not wait is waited for by others, for a second at most")
    func charge() {
        var bucket = TokenBucket(rate: Self.rate, now: start)
        bucket.charge(Self.rate / 2, now: start)
        #expect(bucket.due(Self.burst) == start + .milliseconds(500))
        bucket.charge(Self.rate * 100, now: start)
        #expect(bucket.due(Self.burst) == start + .milliseconds(1050))
    }

    @Test("Rates and counts as large as they come do not overflow")
    func extremes() {
        var bucket = TokenBucket(rate: .max, now: start)
        bucket.pass(.max, now: start)
        #expect(bucket.due(1) <= start + .seconds(1))
        var slow = TokenBucket(rate: 1, now: start)
        slow.pass(1 << 40, now: start)
        #expect(slow.due(1) > start + .seconds(1 << 30))
    }
}
