import Content
import Glibc
import OCI
import SystemPackage
import Testing

@testable import Transfer

@Suite("A held blob that cannot be read", .serialized, .timeLimit(.minutes(1)))
struct HeldReaderTests {
    /// Gives a reader of a blob that has come, and its file.
    private func withHeldBlob(
        _ bytes: [UInt8],
        _ body: (_ fetcher: BlobFetcher, _ question: BlobQuestion, _ file: FilePath) async throws -> Void
    ) async throws {
        try await FetcherFixture().run { stub, fetcher, origin, spool in
            let question = BlobQuestion(digest: stub.add(blob: bytes), origin: origin)
            let come = try await fetcher.open(question).readAll(.toEnd(from: 0))
            #expect(come == bytes)
            try await eventually { !fetcher.isFetching(question.digest) }
            let file = spool.removingLastComponent()
                .appending("store/blobs/sha256/\(question.digest.hex)")
            try await body(fetcher, question, file)
        }
    }

    @Test("is read on from upstream where its file is cut short in the middle, and then held whole again")
    func cut() async throws {
        let bytes = someBytes(500_000)
        try await withHeldBlob(bytes) { fetcher, question, file in
            let reader = try await fetcher.open(question)
            let first = try await reader.next(at: 0, limit: 100_000)
            #expect(first.length == 100_000)
            #expect(truncate(file.string, 200_000) == 0)
            let rest = try await reader.readAll(.toEnd(from: 100_000))
            #expect(rest == Array(bytes[100_000...]))
            #expect(reader.sources.store == 100_000 && reader.sources.upstream >= 400_000)
            reader.close()
            let again = try await fetcher.open(question).readAll(.toEnd(from: 0))
            #expect(again == bytes)
        }
    }

    @Test("is read on from upstream where the disk fails, and read from the disk again once that is well")
    func failingDisk() async throws {
        let bytes = someBytes(500_000)
        try await withHeldBlob(bytes) { fetcher, question, file in
            let reader = try await fetcher.open(question)
            _ = try await reader.next(at: 300_000, limit: 100_000)
            #expect(await reader.unreadable(because: "the disk fails"))
            let rest = try await reader.readAll(.toEnd(from: 300_000))
            #expect(rest == Array(bytes[300_000...]))
            #expect(await !reader.unreadable(because: "the spool fails, too"))
            reader.close()
            let again = try await fetcher.open(question)
            #expect(try await again.readAll(.toEnd(from: 0)) == bytes)
            #expect(again.sources.store == 500_000)
        }
    }

    @Test("is fetched once for all that were reading it: the second goes on with what the first has fetched")
    func readByTwo() async throws {
        let bytes = someBytes(500_000)
        try await withHeldBlob(bytes) { fetcher, question, _ in
            let readers = (try await fetcher.open(question), try await fetcher.open(question))
            #expect(await readers.0.unreadable(because: "the disk fails"))
            #expect(try await readers.0.readAll(.toEnd(from: 0)) == bytes)
            try await eventually { !fetcher.isFetching(question.digest) }
            _ = try await readers.1.next(at: 300_000, limit: 100_000)
            #expect(await readers.1.unreadable(because: "the disk fails"))
            let rest = try await readers.1.readAll(.toEnd(from: 300_000))
            #expect(rest == Array(bytes[300_000...]))
            #expect(readers.1.sources.upstream == 0)
            #expect(!fetcher.isFetching(question.digest))
            readers.0.close()
            readers.1.close()
        }
    }
}
