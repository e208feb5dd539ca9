import OCI
import Testing

@testable import Content

@Suite("The feed of a store's changes", .timeLimit(.minutes(2)))
struct ChangeFeedTests {
    @Test("A slow subscriber misses the oldest changes and gets the newest")
    func newestAreKept() async {
        let feed = ChangeFeed()
        var changes = feed.subscribe().makeAsyncIterator()
        let digests = (0..<ChangeFeed.bufferSize + 10).map { digestOf(Array("\($0)".utf8)) }
        for digest in digests { feed.publish(.removed(digest)) }
        #expect(await changes.next() == .removed(digests[10]))
    }

    @Test("A subscriber that stops reading is forgotten")
    func forgotten() async {
        let feed = ChangeFeed()
        let reading = Task {
            for await _ in feed.subscribe() {}
        }
        while feed.count == 0 { await Task.yield() }
        reading.cancel()
        await reading.value
        #expect(feed.count == 0)
    }

    @Test("A subscriber may be cancelled in the moment of a change")
    func cancelled() async {
        let feed = ChangeFeed()
        for round in 1...5_000 {
            let changes = feed.subscribe()
            let reading = Task { for await _ in changes {} }
            async let change: Void = feed.publish(.images)
            for _ in 0..<round % 5 { await Task.yield() }
            reading.cancel()
            await change
            await reading.value
        }
        #expect(feed.count == 0)
    }

    @Test("The streams end with the store")
    func ended() async {
        var feed: ChangeFeed? = ChangeFeed()
        let changes = feed?.subscribe()
        feed?.publish(.images)
        feed = nil
        var seen: [StoreChange] = []
        if let changes {
            for await change in changes { seen.append(change) }
        }
        #expect(seen == [.images])
    }
}
