import Logging
import OCI
import SystemPackage
import Testing

@testable import Agent

@Suite struct StorytellerTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func teller(
        _ entries: [JournalEntry], located: [LocateSnapshot.Blob] = [], isUnreachable: Bool = false
    ) throws -> Storyteller {
        let file = JournalFile(folder: folder.path.appending("journal"))
        for entry in entries { try file.append(try Journal.line(entry)) }
        return Storyteller(
            journal: Journal(file: file, logger: LogRecorder().logger), happenings: Happenings(),
            source: StubSource(snapshot: try .sample(), found: located),
            look: { digest, size in
                LocateSnapshot.Blob(
                    digest: digest, size: size, here: false,
                    peers: size == 5_000_000 ? [.init(id: "b1", name: "node-b", complete: true)] : [])
            }, isUnreachable: { _ in isUnreachable })
    }

    @Test("an image is known by its name, by its digest, and by each of its blobs")
    func queries() async throws {
        let teller = try teller([try JournalSamples.entry(), try JournalSamples.entry("ghcr.io/a/b:1")])
        for (text, images) in [
            ("nginx", ["docker.io/library/nginx:latest"]), ("ghcr.io/a/b:1", ["ghcr.io/a/b:1"]),
            ("\(try Digest.sample(1))", ["ghcr.io/a/b:1", "docker.io/library/nginx:latest"]),
            ("\(try Digest.sample(3))", ["ghcr.io/a/b:1", "docker.io/library/nginx:latest"]), ("redis", []),
        ] {
            let told = await teller.explain(try LocateQuery(text), last: 3)
            #expect(told.pulls.map(\.image) == images)
            #expect(told.isKnown == !images.isEmpty)
        }
    }

    @Test("where nobody at hand has the manifest the last pull says what the parts are", arguments: [false, true])
    func parts(isUnreachable: Bool) async throws {
        let told = try await teller([try JournalSamples.entry()], isUnreachable: isUnreachable)
            .explain(try LocateQuery("nginx"), last: 1)
        #expect(told.now.map(\.digest) == [try .sample(1), try .sample(2), try .sample(3)])
        let fallback: ExplainSnapshot.Upstream = isUnreachable ? .unreachable : .wouldBeAsked
        #expect(told.now.map(\.upstream) == [fallback, fallback, .ifPeersFail])
    }

    @Test("images of the local namespace have no upstream")
    func local() async throws {
        let told = try await teller([try JournalSamples.entry("localhost:5050/team/app:1")])
            .explain(try LocateQuery("localhost:5050/team/app:1"), last: 1)
        #expect(told.pulls.count == 1)
        #expect(told.now.first?.upstream == .unknown)
    }
}
