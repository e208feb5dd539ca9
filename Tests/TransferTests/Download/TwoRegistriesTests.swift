import Content
import FoundationEssentials
import OCI
import SystemPackage
import Testing

@testable import Transfer

@Suite("One digest that is asked for at two registries", .serialized, .timeLimit(.minutes(1)))
struct TwoRegistriesTests {
    @Test("comes from each to who asked there: one that says nothing holds nobody up who asked the other")
    func mute() async throws {
        let bytes = someBytes(300_000)
        try await FetcherFixture().run { stub, fetcher, origin, _ in
            let digest = stub.add(blob: bytes)
            let other = try Origin.of("evil/app", at: FetcherFixture.otherRegistry)
            stub.script(paths(blob: digest, in: "evil/app"), [.mute])
            let held = Task { _ = try await fetcher.open(BlobQuestion(digest: digest, origin: other)) }
            try await eventually { fetcher.isFetching(digest) }
            let reader = try await fetcher.open(BlobQuestion(digest: digest, origin: origin))
            #expect(fetcher.transfers.count == 2)
            let come = try await reader.readAll(.toEnd(from: 0))
            #expect(come == bytes)
            held.cancel()
            _ = await held.result
        }
    }

    @Test("comes from each to who asked there, while one sends wrong bytes")
    func lying() async throws {
        let bytes = Self.blob
        try await FetcherFixture().run { stub, fetcher, origin, _ in
            let digest = stub.add(blob: bytes)
            let other = try Origin.of("evil/app", at: FetcherFixture.otherRegistry)
            stub.script(
                paths(blob: digest, in: "evil/app"), [.wrongByte(at: 100), .stall(after: Self.left + Self.rest / 2)])
            let misled = try await fetcher.open(BlobQuestion(digest: digest, origin: other))
            try await eventually { fetcher.transfers.first?.present ?? 0 > Int64(Self.left) }
            let come = try await fetcher.open(BlobQuestion(digest: digest, origin: origin)).readAll(.toEnd(from: 0))
            #expect(come == bytes)
            #expect(stub.bytesSent(for: paths(blob: digest)) == bytes.count)
            misled.close()
        }
    }

    @Test("is one download where both ask the same registry, whatever its repository there")
    func sameRegistry() async throws {
        try await FetcherFixture().run { stub, fetcher, origin, _ in
            let digest = stub.add(blob: someBytes(300_000))
            for repository in ["library/app", "library/other"] {
                stub.script(paths(blob: digest, in: repository), [.mute])
            }
            let questions = [origin, try Origin.of("library/other")].map { BlobQuestion(digest: digest, origin: $0) }
            let readers = questions.map { question in Task { _ = try await fetcher.open(question) } }
            try await eventually { fetcher.transfers.reduce(0) { $0 + $1.readers } == 2 }
            #expect(fetcher.transfers.count == 1)
            for reader in readers {
                reader.cancel()
                _ = await reader.result
            }
            #expect(fetcher.transfers.count <= 1)
        }
    }

    @Test("is not gone on with from what one has left, which may be wrong, for who asks the other")
    func leftovers() async throws {
        try await withTemporaryDirectory { folder in
            let bytes = Self.blob
            try await leave(bytes, in: folder, "evil/app", at: FetcherFixture.otherRegistry, [.wrongByte(at: 100)])
            try await FetcherFixture(spoolFolder: folder).run { stub, fetcher, origin, _ in
                let digest = stub.add(blob: bytes)
                let come = try await fetcher.open(BlobQuestion(digest: digest, origin: origin)).readAll(.toEnd(from: 0))
                #expect(come == bytes)
                #expect(stub.bytesSent(for: paths(blob: digest)) == bytes.count)
            }
        }
    }

    @Test("is gone on with from what one has left for who asks the same again, in another repository of it too")
    func resumed() async throws {
        try await withTemporaryDirectory { folder in
            let bytes = Self.blob
            try await leave(bytes, in: folder, "library/other", at: UpstreamFixture.registryName, [])
            try await FetcherFixture(spoolFolder: folder).run { stub, fetcher, origin, _ in
                let digest = stub.add(blob: bytes)
                let come = try await fetcher.open(BlobQuestion(digest: digest, origin: origin)).readAll(.toEnd(from: 0))
                #expect(come == bytes)
                #expect(stub.bytesSent(for: paths(blob: digest)) == Self.rest)
            }
        }
    }

    @Test(
        "is gone on with from what a client with a right of its own has left, for who has the same and nobody else",
        arguments: [true, false])
    func rights(isSame: Bool) async throws {
        let right = try #require(ClientAuthorization(fields: ["Bearer mine"]))
        try await withTemporaryDirectory { folder in
            let bytes = Self.blob
            try await leave(
                bytes, in: folder, "library/app", at: UpstreamFixture.registryName, [], as: .client(right))
            try await FetcherFixture(spoolFolder: folder).run { stub, fetcher, origin, _ in
                let digest = stub.add(blob: bytes)
                let question = BlobQuestion(digest: digest, origin: origin, as: isSame ? .client(right) : .node)
                let come = try await fetcher.open(question).readAll(.toEnd(from: 0))
                #expect(come == bytes)
                #expect(stub.bytesSent(for: paths(blob: digest)) == (isSame ? Self.rest : bytes.count))
            }
        }
    }

    /// A piece and two and a half.
    private static let blob = Array(repeatElement(someBytes(1 << 19), count: 20).joined())
    /// The first piece, and what there is behind it.
    private static let (left, rest) = (4 << 20, 6 << 20)

    /// An agent that is stopped when it has the first piece.
    private func leave(
        _ bytes: [UInt8], in folder: FilePath, _ repository: String, at registry: String, _ faults: [StubFault],
        as identity: UpstreamIdentity = .node
    ) async throws {
        try await FetcherFixture(spoolFolder: folder).run { stub, fetcher, _, _ in
            let digest = stub.add(blob: bytes)
            let origin = try Origin.of(repository, at: registry)
            stub.script(paths(blob: digest, in: repository), faults + [.stall(after: Self.left + Self.rest / 2)])
            let reader = try await fetcher.open(BlobQuestion(digest: digest, origin: origin, as: identity))
            // The journal is made with the first piece.
            try await eventually {
                try FileManager.default.contentsOfDirectory(atPath: folder.string).contains { $0.hasSuffix(".pieces") }
            }
            reader.close()
        }
    }

    @Test("is told to peers of the registry whose content may be shared, also where the other was asked first")
    func shared() async throws {
        var fixture = FetcherFixture()
        fixture.rules.mayBeShared = { _, origins in
            origins.allSatisfy { $0.registry.description != FetcherFixture.otherRegistry }
        }
        try await fixture.run { stub, fetcher, origin, _ in
            let digest = stub.add(blob: someBytes(300_000))
            let other = try Origin.of("secret/app", at: FetcherFixture.otherRegistry)
            for repository in ["library/app", "secret/app"] {
                stub.script(paths(blob: digest, in: repository), [.mute])
            }
            var readers: [Task<Void, any Error>] = []
            for (count, question) in [other, origin].map({ BlobQuestion(digest: digest, origin: $0) }).enumerated() {
                #expect(fetcher.shared(digest) == nil)
                readers.append(Task { _ = try await fetcher.open(question) })
                try await eventually { fetcher.transfers.count == count + 1 }
            }
            #expect(fetcher.shared(digest)?.origins == [origin])
            for reader in readers {
                reader.cancel()
                _ = await reader.result
            }
        }
    }
}
