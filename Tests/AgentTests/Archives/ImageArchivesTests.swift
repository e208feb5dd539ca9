import Archive
import Gateway
import Logging
import NIOCore
import OCI
import Synchronization
import Testing

@testable import Agent

extension Logger {
    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

/// What a load and a save are, beneath HTTP.
@Suite(.timeLimit(.minutes(1))) struct ImageArchivesTests {
    private func load(
        _ body: StubBody, as name: String? = nil, into images: MemoryImages
    ) async throws -> [LoadEvent] {
        let query = LoadQuery(name: try name.map { try LoadName($0) })
        return try await withArchives(images) { archives in
            guard case .begun(let stream) = archives.load(query, from: body) else { return [] }
            var events: [LoadEvent] = []
            for await event in stream {
                // How many of them come is a matter of time.
                if case .progress = event { continue }
                events.append(event)
            }
            return events
        }
    }

    private func failure(_ events: [LoadEvent]) -> LoadFailure? {
        if case .error(let failure)? = events.last { failure } else { nil }
    }

    @Test("an archive is loaded: a line for each name, and a summary")
    func load() async throws {
        let (sample, images) = (try ArchiveSample(), try MemoryImages())
        let archive = try sample.archive()
        let events = try await load(StubBody(archive), into: images)
        #expect(events.count == 3)
        #expect(events.first == .begin(LoadBeginning()))
        #expect(
            events.dropFirst().first
                == .image(
                    LoadedImage(
                        name: "localhost:5050/team/app:v1", digest: sample.descriptor.digest, mediaType: .ociManifest,
                        size: sample.size, blobs: 3, platforms: ["linux/amd64"])))
        guard case .end(let summary)? = events.last else { throw MemoryImages.Missing() }
        #expect(summary.images == 1 && summary.names == 1 && summary.bytes == Int64(archive.count))
        let name = try ImageReference(normalizing: "localhost:5050/team/app:v1")
        #expect(images.names.withLock { $0[name]?.digest } == sample.descriptor.digest)
        #expect(images.open.withLock { $0 == (0, 0) })
    }

    @Test("the name that was asked for is the one that it gets")
    func named() async throws {
        let images = try MemoryImages()
        _ = try await load(StubBody(ArchiveSample().archive(named: nil)), as: "team/other:v2", into: images)
        #expect(images.names.withLock { $0.keys.map(\.description) } == ["localhost:5050/team/other:v2"])
    }

    @Test("a load that fails leaves no name, and says why")
    func failures() async throws {
        let images = try MemoryImages()
        let archive = try ArchiveSample().archive(named: "ghcr.io/team/app:v1")
        let cases: [(StubBody, LoadFailure.Code)] = [
            (StubBody(archive), .nameless), (StubBody([1, 2, 3]), .archive),
            (StubBody(Array(archive.dropLast(4000))), .archive),
            (StubBody(Array(archive[..<3000]), end: .broken), .broken),
        ]
        for (body, code) in cases {
            let failure = failure(try await load(body, into: images))
            #expect(failure?.code == code)
            #expect(failure?.description.isEmpty == false)
        }
        #expect(images.names.withLock { $0.isEmpty })
        #expect(images.open.withLock { $0 == (0, 0) })
    }

    @Test("what the registry refuses is told in its words")
    func refused() async throws {
        let failure = failure(
            try await load(StubBody(ArchiveSample().archive(named: "refused:1")), into: MemoryImages()))
        #expect(failure == LoadFailure(code: .refused, reason: "refused may not be written", mend: "call it otherwise"))
    }

    @Test("a load that nobody watches any more ends, and its blob is abandoned")
    func unwatched() async throws {
        let images = try MemoryImages()
        let archive = try ArchiveSample().archive()
        try await withArchives(images) { archives in
            let body = StubBody(Array(archive[..<(archive.count - 3000)]), end: .never)
            guard case .begun(let stream) = archives.load(LoadQuery(), from: body) else { throw MemoryImages.Missing() }
            for await event in stream {
                if case .begin = event { break }
            }
        }
        // The jobs are over when the archives are.
        #expect(images.open.withLock { $0 == (0, 0) })
    }

    @Test("more loads than there may be are turned away, until one is over")
    func busy() async throws {
        try await withArchives(MemoryImages()) { archives in
            var streams: [AsyncStream<LoadEvent>] = []
            for _ in 0..<ImageArchives.limit {
                guard case .begun(let stream) = archives.load(LoadQuery(), from: StubBody([], end: .never)) else {
                    throw MemoryImages.Missing()
                }
                streams.append(stream)
            }
            guard case .busy = archives.load(LoadQuery(), from: StubBody([])) else { throw MemoryImages.Missing() }
            streams.removeAll()
            var isFree = false
            while !isFree {
                if case .begun = archives.load(LoadQuery(), from: StubBody([])) { isFree = true }
                await Task.yield()
            }
        }
    }

    // MARK: Saving

    private func bytes(_ archive: SavedArchive) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in archive.body { bytes += chunk.readableBytesView }
        return bytes
    }

    @Test("what is saved is as long as was told, and loads elsewhere as what it was")
    func save() async throws {
        let (here, there) = (try MemoryImages(), try MemoryImages())
        let sample = try ArchiveSample(layerBytes: 3 << 20)
        _ = try await load(StubBody(sample.archive(), portion: 1 << 20), into: here)
        let name = try ImageReference(normalizing: "localhost:5050/team/app:v1")
        let bytes = try await withArchives(here) { archives in
            let saved = try await archives.save([name])
            let bytes = try await self.bytes(saved)
            #expect(Int64(bytes.count) == saved.length)
            return bytes
        }
        _ = try await load(StubBody(bytes, portion: 1 << 20), into: there)
        #expect(there.names.withLock { $0[name]?.digest } == sample.descriptor.digest)
    }

    @Test("what nobody has is told before a byte is sent")
    func notFound() async throws {
        let name = try ImageReference(normalizing: "localhost:5050/nothing:v1")
        let error = try await withArchives(MemoryImages()) { archives in
            await #expect(throws: SaveFailure.self) { try await archives.save([name]) }
        }
        #expect(error?.code == .notFound)
        #expect(error?.message.contains("localhost:5050/nothing:v1") == true)
    }

    @Test("a blob that is lost meanwhile breaks the archive off")
    func lost() async throws {
        let (images, sample) = (try MemoryImages(), try ArchiveSample())
        _ = try await load(StubBody(sample.archive()), into: images)
        let name = try ImageReference(normalizing: "localhost:5050/team/app:v1")
        try await withArchives(images) { archives in
            let saved = try await archives.save([name])
            images.lose(sample.layer)
            await #expect(throws: MemoryImages.Missing.self) { _ = try await self.bytes(saved) }
        }
    }
}
