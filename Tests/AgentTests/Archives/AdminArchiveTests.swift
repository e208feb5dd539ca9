import Archive
import Gateway
import NIOCore
import NIOHTTP1
import OCI
import Synchronization
import SystemPackage
import Testing

@testable import Agent

/// The way from the commands to the archives: over the socket, and over nothing else.
@Suite(.timeLimit(.minutes(1))) struct AdminArchiveTests {
    private func withAgent<Result: Sendable>(
        _ images: MemoryImages, _ body: @Sendable (AdminClient) async throws -> Result
    ) async throws -> Result {
        let snapshot = try StatusSnapshot.sample()
        return try await withArchives(images) { archives in
            let responder = AdminResponder(
                source: StubSource(snapshot: snapshot), access: .socket, archives: archives)
            return try await withAdminSocket(responder) { try await body(AdminClient(sockets: [$0])) }
        }
    }

    private func source(_ bytes: [UInt8]) -> ArchiveSource { ArchiveSource(segments: [.bytes(bytes)]) }

    @Test("an archive that is loaded over the socket is saved over it again")
    func roundTrip() async throws {
        let (images, sample) = (try MemoryImages(), try ArchiveSample())
        let archive = try sample.archive(named: nil)
        try await withAgent(images) { client in
            let events = Mutex<[LoadEvent]>([])
            try await client.load(source(archive), LoadQuery(name: LoadName("team/app:v2"))) { line in
                events.withLock { $0.append(line.value) }
            }
            let named = events.withLock { events in
                events.compactMap { event in if case .image(let image) = event { image.name } else { nil } }
            }
            #expect(named == ["localhost:5050/team/app:v2"])
            let saved = Mutex<[UInt8]>([])
            let name = try ImageReference(normalizing: "localhost:5050/team/app:v2")
            let count = try await client.save([name]) { bytes in saved.withLock { $0 += bytes.readableBytesView } }
            let bytes = saved.withLock { $0 }
            #expect(count == Int64(bytes.count))
            let plan = try ArchivePlan(
                [try #require(try await images.image(name))].map { image in
                    ArchivableImage(names: [name], descriptor: image.descriptor, documents: image.documents)
                })
            #expect(count == plan.length)
        }
    }

    @Test("what cannot be loaded or saved is one line that says why")
    func refusals() async throws {
        try await withAgent(MemoryImages()) { client in
            let failure = Mutex<LoadFailure?>(nil)
            try await client.load(source([1, 2, 3]), LoadQuery()) { line in
                if case .error(let error) = line.value { failure.withLock { $0 = error } }
            }
            #expect(failure.withLock { $0?.code } == .archive)
            let name = try ImageReference(normalizing: "localhost:5050/nothing")
            let error = await #expect(throws: AdminClientError.self) { _ = try await client.save([name]) { _ in } }
            #expect(error?.code == .refused)
            #expect(error?.message.contains("nobody has localhost:5050/nothing:latest") == true)
        }
    }

    @Test("an archive that breaks off on its way out is an error")
    func brokenOff() async throws {
        let (images, sample) = (try MemoryImages(), try ArchiveSample())
        let archive = try sample.archive()
        try await withAgent(images) { client in
            try await client.load(source(archive), LoadQuery()) { _ in }
            images.lose(sample.layer)
            let name = try ImageReference(normalizing: "localhost:5050/team/app:v1")
            let error = await #expect(throws: AdminClientError.self) { _ = try await client.save([name]) { _ in } }
            #expect(error?.code == .broken)
        }
    }

    private func answer(
        _ method: HTTPMethod, _ path: String, query: String? = nil, access: AdminAccess = .socket
    ) async throws -> HTTPResponse {
        let responder = AdminResponder(
            source: StubSource(snapshot: try .sample()), access: access,
            archives: ImageArchives(images: try MemoryImages(), logger: .quiet))
        return await responder.respond(
            to: HTTPRequest(method: method, path: path, query: query, headers: ["Host": "localhost"]))
    }

    @Test("over TCP nothing is loaded or saved", arguments: [AdminAccess.loopback, .remote])
    func tcp(access: AdminAccess) async throws {
        #expect(try await answer(.POST, "/api/v1/load", access: access).status == .forbidden)
        #expect(try await answer(.GET, "/api/v1/save", query: "image=a", access: access).status == .forbidden)
        let responder = AdminResponder(source: StubSource(snapshot: try .sample()), access: access)
        #expect(!responder.streamsBody(of: .POST, path: "/api/v1/load"))
    }

    @Test(
        "a wrong request is refused with what is wrong",
        arguments: [
            (.GET, "load", nil, .methodNotAllowed), (.HEAD, "save", "image=a", .methodNotAllowed),
            (.POST, "load", "name=ghcr.io%2Fa:1", .badRequest), (.POST, "load", "name=", .badRequest),
            (.POST, "load", "name=a&name=b", .badRequest), (.GET, "save", nil, .badRequest),
            (.GET, "save", "image=UPPER", .badRequest), (.GET, "save", "image=a&image=%zz", .badRequest),
        ] as [(HTTPMethod, String, String?, HTTPResponseStatus)])
    func wrong(method: HTTPMethod, path: String, query: String?, status: HTTPResponseStatus) async throws {
        #expect(try await answer(method, "/api/v1/\(path)", query: query).status == status)
    }

    @Test("the body of a load, and of nothing else, is read as it comes")
    func streams() throws {
        let responder = AdminResponder(source: StubSource(snapshot: try .sample()), access: .socket)
        #expect(responder.streamsBody(of: .POST, path: "/api/v1/load"))
        #expect(!responder.streamsBody(of: .GET, path: "/api/v1/load"))
        #expect(!responder.streamsBody(of: .POST, path: "/api/v1/pull"))
    }

    @Test("what is asked for survives the query", arguments: [nil, "localhost:5050/team/app", "localhost:5050/a/b:v1"])
    func queries(name: String?) throws {
        let query = LoadQuery(name: try name.map { try LoadName($0) })
        #expect(try LoadQuery(Query(query.text)) == query)
        let images = try ["localhost:5050/a:1", "nginx@sha256:" + String(repeating: "0", count: 64)].map {
            try ImageReference(normalizing: $0)
        }
        #expect(try SaveQuery.images(Query(SaveQuery.text(images))) == images)
    }
}
