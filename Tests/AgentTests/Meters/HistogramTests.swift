import Testing
import Transfer

@Suite struct HistogramTests {
    @Test("a bound belongs to its bucket, and what is longer than the last one is counted all the same")
    func buckets() {
        var histogram = Histogram()
        for duration in [Duration.zero, .milliseconds(1), .microseconds(1001), .seconds(300), .seconds(301)] {
            histogram.observe(duration)
        }
        #expect(histogram.counts.prefix(3) == [2, 1, 0])
        #expect(histogram.counts.suffix(2) == [1, 1])
        #expect(histogram.count == 5)
        #expect(abs(histogram.sum - 601.002001) < 1e-9)
    }

    @Test("the bounds grow, and there is a bucket for each and one more")
    func bounds() {
        #expect(zip(Histogram.bounds, Histogram.bounds.dropFirst()).allSatisfy { $0 < $1 })
        #expect(Histogram().counts.count == Histogram.bounds.count + 1)
    }

    @Test("a time below zero is none")
    func negative() {
        var histogram = Histogram()
        histogram.observe(.seconds(-5))
        #expect(histogram.counts[0] == 1)
        #expect(histogram.sum == 0)
    }
}
