import Content
import Integrity
import OCI
import Testing

/// A store to be tested, and how content comes into it and leaves it: every kind of store has its own ways.
struct BlobStoreFixture: Sendable {
    let store: any BlobStore
    let add: @Sendable ([UInt8]) async throws -> Digest
    let remove: @Sendable (Digest) async throws -> Void
}

/// What every `BlobStore` promises, one promise a check. Run it from a test with one argument per check:
///
///     @Test(arguments: BlobStoreConformance.checks)
///     func conformance(_ check: BlobStoreConformance) async throws { try await check.run { try await makeFixture() } }
struct BlobStoreConformance: Sendable, CustomTestStringConvertible {
    let testDescription: String
    private let body: @Sendable (BlobStoreFixture) async throws -> Void

    private init(_ promise: String, _ body: @escaping @Sendable (BlobStoreFixture) async throws -> Void) {
        testDescription = promise
        self.body = body
    }

    func run(_ makeFixture: () async throws -> BlobStoreFixture) async throws {
        try await body(try await makeFixture())
    }

    static let checks = [
        BlobStoreConformance("what was never added is not held") { fixture in
            let absent = ContentHasher.digest(of: Array("absent".utf8))
            let blob = try await fixture.store.open(absent)
            #expect(blob == nil)
            #expect(fixture.store.size(of: absent) == nil)
            #expect(!fixture.store.blobs().contains { $0.digest == absent })
        },
        BlobStoreConformance("what was added can be read, byte for byte, in regions of any size") { fixture in
            let content = bytes(10_000)
            let digest = try await fixture.add(content)
            let blob = try #require(try await fixture.store.open(digest))
            #expect(blob.size == 10_000)
            for limit: Int64 in [1024, 9_999, 10_000, 1 << 40] {
                #expect(try await blob.collect(limit: limit) == content)
            }
        },
        BlobStoreConformance("a blob of no bytes is a blob") { fixture in
            let digest = try await fixture.add([])
            #expect(fixture.store.size(of: digest) == 0)
            let blob = try await fixture.store.open(digest)
            #expect(blob?.size == 0)
        },
        BlobStoreConformance("size and list agree with what is held") { fixture in
            let first = try await fixture.add(bytes(100, seed: 1))
            let second = try await fixture.add(bytes(200, seed: 2))
            #expect(fixture.store.size(of: first) == 100)
            #expect(fixture.store.size(of: second) == 200)
            let listed = Set(fixture.store.blobs())
            #expect(listed.isSuperset(of: [BlobInfo(digest: first, size: 100), BlobInfo(digest: second, size: 200)]))
        },
        BlobStoreConformance("content that is added twice is held once") { fixture in
            let digest = try await fixture.add(bytes(100))
            #expect(try await fixture.add(bytes(100)) == digest)
            #expect(fixture.store.blobs().count { $0.digest == digest } == 1)
        },
        BlobStoreConformance("what is removed is not held any more") { fixture in
            let digest = try await fixture.add(bytes(100))
            try await fixture.remove(digest)
            let blob = try await fixture.store.open(digest)
            #expect(blob == nil)
            #expect(fixture.store.size(of: digest) == nil)
            #expect(!fixture.store.blobs().contains { $0.digest == digest })
        },
        BlobStoreConformance("a blob that is removed while it is read stays readable") { fixture in
            let content = bytes(5_000)
            let digest = try await fixture.add(content)
            let blob = try #require(try await fixture.store.open(digest))
            try await fixture.remove(digest)
            #expect(try await blob.collect() == content)
        },
        BlobStoreConformance("a removed blob can come back") { fixture in
            let digest = try await fixture.add(bytes(100))
            try await fixture.remove(digest)
            #expect(try await fixture.add(bytes(100)) == digest)
            let blob = try #require(try await fixture.store.open(digest))
            #expect(try await blob.collect() == bytes(100))
        },
        BlobStoreConformance("readers of one blob do not disturb each other, and closing twice does no harm") {
            fixture in
            let content = bytes(5_000)
            let digest = try await fixture.add(content)
            let first = try #require(try await fixture.store.open(digest))
            let second = try #require(try await fixture.store.open(digest))
            _ = try await first.next(at: 100, limit: 10)
            first.close()
            first.close()
            #expect(try await second.collect() == content)
        },
        BlobStoreConformance("there is nothing to read past the end") { fixture in
            let digest = try await fixture.add(bytes(100))
            let blob = try #require(try await fixture.store.open(digest))
            for (offset, limit) in [(100, 1), (101, 1), (-1, 1), (0, 0)] as [(Int64, Int64)] {
                await #expect(throws: ContentError.self) { try await blob.next(at: offset, limit: limit) }
            }
        },
        BlobStoreConformance("every subscriber is told what comes and goes, in order") { fixture in
            let streams = [fixture.store.changes(), fixture.store.changes()]
            let digest = try await fixture.add(bytes(100))
            try await fixture.remove(digest)
            for stream in streams {
                var seen: [StoreChange] = []
                for await change in stream where change != .images {
                    seen.append(change)
                    if seen.count == 2 { break }
                }
                #expect(seen == [.added(BlobInfo(digest: digest, size: 100)), .removed(digest)])
            }
        },
        BlobStoreConformance("a subscriber that reads late still gets the newest change") {
            fixture in
            let changes = fixture.store.changes()
            for number in 0..<20 {
                let digest = try await fixture.add(Array("\(number)".utf8))
                try await fixture.remove(digest)
            }
            let last = try await fixture.add(Array("last".utf8))
            for await change in changes where change == .added(BlobInfo(digest: last, size: 4)) { break }
        },
    ]
}
