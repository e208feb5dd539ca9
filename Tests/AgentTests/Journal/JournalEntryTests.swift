import FoundationEssentials
import OCI
import Testing
import Transfer

@testable import Agent

/// The JSON is a contract with everybody's scripts.
@Suite struct JournalEntryTests {
    @Test("a story tells of each blob who gave how much, how fast, and who failed")
    func sources() throws {
        let entry = try JournalSamples.entry()
        #expect(entry.began == "2026-01-31T12:00:00.007Z")
        #expect(entry.seconds == 1.5)
        #expect(entry.bytes == .init(store: 5_000_000, peers: 20_001_234, upstream: 10_000_000))
        let layer = entry.blobs[1]
        #expect(layer.rate == 20_000_000)
        #expect(layer.sources.map(\.name) == ["node-b", nil, "node-c\u{1b}[31m", nil])
        #expect(layer.sources.map(\.kind) == ["peer", "upstream", "peer", "peer"])
        #expect(layer.sources[0].rate == 25_000_000)
        #expect(
            layer.sources[2].failures == [.init(reason: "refused", count: 2), .init(reason: "timed_out", count: 1)])
        #expect(layer.sources[3].held && layer.sources[3].requests == 0)
        #expect(entry.blobs[2].sources.map(\.kind) == ["store"])
        #expect(entry.blobs[2].verified == "whole")
    }

    @Test("a line of the journal has these fields, and is read back as what it was")
    func json() throws {
        let entry = try JournalSamples.entry()
        let line = String(decoding: try Journal.line(entry), as: UTF8.self)
        let (one, three) = (String(repeating: "01", count: 32), String(repeating: "03", count: 32))
        let beginning = [
            #"{"began":"2026-01-31T12:00:00.007Z","blobs":[{"bytes":{"peers":1234,"store":0,"upstream":0},"#,
            #""digest":"sha256:\#(one)","outcome":"complete","rate":123400,"seconds":0.01,"size":1234,"#,
            #""sources":[{"bytes":1234,"failures":[],"held":true,"id":"101112131415161718191a1b1c1d1e1f","#,
            #""kind":"peer","name":"node-b","pieces":1,"rate":123400,"requests":1}],"verified":"whole"},"#,
        ].joined()
        let end = [
            #"{"bytes":{"peers":0,"store":5000000,"upstream":0},"digest":"sha256:\#(three)","outcome":"complete","#,
            #""rate":10000000,"seconds":0.5,"size":5000000,"sources":[{"bytes":5000000,"failures":[],"#,
            #""held":true,"kind":"store","pieces":2,"rate":10000000,"requests":1}],"verified":"whole"}],"#,
            #""by":"mirror","bytes":{"peers":20001234,"store":5000000,"upstream":10000000},"#,
            #""digest":"sha256:\#(one)","id":"00000000000000aa","image":"docker.io/library/nginx:latest","#,
            #""outcome":"complete","seconds":1.5}"#,
        ].joined()
        #expect(line.hasPrefix(beginning))
        #expect(line.hasSuffix(end))
        #expect(!line.contains("\n"))
        #expect(try JSONDecoder().decode(JournalEntry.self, from: Data(line.utf8)) == entry)
    }

    @Test("a blob that several downloads brought has one account of each source")
    func downloads() throws {
        let peer = try #require(JournalSamples.peer)
        let start = ContinuousClock.now
        var account = BlobAccount(try .sample(2), now: start)
        for (index, bytes) in [3, 4, 6].enumerated() {
            let began = start.advanced(by: .seconds(index / 2))
            let record = JournalSamples.download(
                try .sample(2), size: 100, began: began,
                [JournalSamples.source(.peer(peer), bytes: Int64(bytes), [.busy: 1])])
            account.add(BlobAnswer(size: 100, given: 2, way: .download(record)), now: start)
        }
        let blob = JournalEntry.Blob(account) { _ in nil }
        #expect(blob.sources.map(\.bytes) == [4 + 6], "a later look at the same download replaces the one before")
        #expect(blob.sources.first?.failures == [.init(reason: "busy", count: 2)])
        #expect(blob.outcome == "partial")
    }

    @Test("what a registry says at length is cut")
    func long() throws {
        var pull = try JournalSamples.pull()
        pull.failure = String(repeating: "x", count: 100_000)
        let entry = JournalEntry(pull, now: .now, wall: .now) { _ in nil }
        #expect(entry.failure?.count == 300)
    }
}
