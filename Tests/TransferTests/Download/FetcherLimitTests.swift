import Content
import FoundationEssentials
import NIOCore
import OCI
import SystemPackage
import Testing

@testable import Transfer

@Suite("Limits of downloads", .serialized, .timeLimit(.minutes(1)))
struct FetcherLimitTests {
    @Test("A blob beyond the downloads that may run is refused as busy, and one that has come makes room")
    func downloads() async throws {
        var fixture = FetcherFixture()
        fixture.rules.downloads = 1
        try await fixture.run { stub, fetcher, origin, _ in
            let blobs = [1000, 300_000, 2000].map { stub.add(blob: someBytes($0)) }
            let questions = blobs.map { BlobQuestion(digest: $0, origin: origin) }
            stub.script(paths(blob: blobs[1]), [.mute])
            let come = try await fetcher.open(questions[0]).readAll(.toEnd(from: 0))
            #expect(come == someBytes(1000))
            try await eventually { !fetcher.isFetching(blobs[0]) }

            let waiting = Task { _ = try await fetcher.open(questions[1]) }
            try await eventually { fetcher.isFetching(blobs[1]) }
            let refusal = await #expect(throws: FetchError.self) { _ = try await fetcher.open(questions[2]) }
            #expect(refusal?.code == .busy)
            waiting.cancel()
            await #expect(throws: (any Error).self) { try await waiting.value }
        }
    }

    @Test("What does not fit into the spool goes past it from upstream, and the spool has its space back at once")
    func spool() async throws {
        var fixture = FetcherFixture()
        fixture.spoolLimit = 150_000
        try await fixture.run { stub, fetcher, origin, folder in
            let large = BlobQuestion(digest: stub.add(blob: someBytes(500_000)), origin: origin)
            let error = await #expect(throws: FetchError.self) {
                _ = try await fetcher.open(large).readAll(.toEnd(from: 0))
            }
            #expect(error?.code == .noSpace)
            var passed: [UInt8] = []
            for try await chunk in fetcher.passThrough(large, after: nil, from: 0, to: 500_000) {
                chunk.withUnsafeReadableBytes { passed.append(contentsOf: $0) }
            }
            #expect(passed == someBytes(500_000))
            try await eventually { try FileManager.default.contentsOfDirectory(atPath: folder.string).isEmpty }

            let small = BlobQuestion(digest: stub.add(blob: someBytes(140_000)), origin: origin)
            let bytes = try await fetcher.open(small).readAll(.toEnd(from: 0))
            #expect(bytes == someBytes(140_000))
        }
    }

    @Test("What goes past the disk is resumed where upstream breaks off, but not after a long silence")
    func silence() async throws {
        try await FetcherFixture().run { stub, fetcher, origin, _ in
            let question = BlobQuestion(digest: stub.add(blob: someBytes(500_000)), origin: origin)
            stub.script(paths(blob: question.digest), [.cut(after: 100_000)], [], [.cut(after: 100_000)])
            var passed: [UInt8] = []
            var stream = fetcher.passThrough(question, after: nil, from: 0, to: 500_000)
            for try await chunk in stream { chunk.withUnsafeReadableBytes { passed.append(contentsOf: $0) } }
            #expect(passed == someBytes(500_000))

            stream.patience = .zero
            let error = await #expect(throws: FetchError.self) {
                for try await _ in stream {}
            }
            #expect(error?.code == .broken && error?.message.contains("silent") == true)
        }
    }

    @Test("A range behind the end of a blob that is not here is answered with its size")
    func behindTheEnd() async throws {
        try await FetcherFixture().run { stub, fetcher, origin, _ in
            let digest = stub.add(blob: someBytes(1000))
            let reader = try await fetcher.open(BlobQuestion(digest: digest, origin: origin, range: .open(first: 1000)))
            #expect(reader.size == 1000)
            reader.close()
        }
    }

    @Test("A range behind the size that only a manifest claims is had from upstream")
    func behindTheClaim() async throws {
        try await FetcherFixture().run { stub, fetcher, origin, _ in
            let digest = stub.add(blob: someBytes(1000))
            try fetcher.sizes.learn(claim(of: digest, size: 10))
            #expect(fetcher.sizes.size(of: digest) == 10)
            let question = BlobQuestion(digest: digest, origin: origin, range: .closed(first: 500, last: 599))
            let bytes = try await fetcher.open(question).readAll(.closed(500..<600))
            #expect(bytes == Array(someBytes(1000)[500..<600]))
        }
    }

    @Test("The size that only a manifest claims is told for a HEAD where upstream cannot tell it, and no sooner")
    func claimedHead() async throws {
        try await FetcherFixture().run { stub, fetcher, origin, _ in
            let digest = stub.add(blob: someBytes(1000))
            try fetcher.sizes.learn(claim(of: digest, size: 10))
            #expect(try await fetcher.size(of: BlobQuestion(digest: digest, origin: origin)) == 1000)
            #expect(try await fetcher.size(of: BlobQuestion(digest: digest, origin: nil)) == 10)
        }
    }

    @Test("What goes past the disk keeps to the rate of registries")
    func rate() async throws {
        try await FetcherFixture().run { stub, fetcher, origin, _ in
            let question = BlobQuestion(digest: stub.add(blob: someBytes(400_000)), origin: origin)
            let began = ContinuousClock.now
            var stream = fetcher.passThrough(question, after: nil, from: 0, to: 400_000)
            stream.rate = RateLimit(bytesPerSecond: 1_000_000)
            for try await _ in stream {}
            #expect(began.duration(to: .now) > .milliseconds(200))
        }
    }

    /// A manifest that names a blob, and says of it what it likes.
    private func claim(of digest: Digest, size: Int64) throws -> ManifestDocument {
        let text = """
            {"schemaVersion": 2, "config": {"mediaType": "a/b", "digest": "\(digest)", "size": \(size)}, "layers": []}
            """
        return try ManifestDocument(bytes: Array(text.utf8), mediaType: .ociManifest)
    }
}
