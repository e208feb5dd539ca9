import OCI
import Testing

@testable import Registry

@Suite("What pushes have brought lately")
struct RecentBlobsTests {
    private let first = Sample.digest("a")
    private let second = Sample.digest("b")

    @Test("What a push has brought counts without any grace until it is named, and within the grace after that")
    func underWay() {
        var recent = RecentBlobs()
        recent.note(first, now: 100)
        recent.note(second, now: 100)
        recent.settle(second)
        #expect(recent.blobs(within: 0, now: 5_000) == [first])
        #expect(recent.blobs(within: 5_000, now: 5_000) == [first, second])
    }

    @Test("A push that never comes to its end holds what it brought for a day")
    func abandoned() {
        var recent = RecentBlobs()
        recent.note(first, now: 100)
        #expect(recent.blobs(within: 0, now: 99 + RecentBlobs.longestPush) == [first])
        #expect(recent.blobs(within: 0, now: 100 + RecentBlobs.longestPush) == [])
        recent.expire(after: 60, now: 100 + RecentBlobs.longestPush)
        #expect(recent.blobs(within: .max, now: 100) == [], "it is forgotten")
    }

    @Test("There is a bound: what came longest ago is forgotten first")
    func bound() {
        var recent = RecentBlobs(limit: 2)
        for (number, letter) in "abc".enumerated() { recent.note(Sample.digest(letter), now: Int64(number)) }
        #expect(recent.blobs(within: 100, now: 3) == [Sample.digest("b"), Sample.digest("c")])
    }
}
