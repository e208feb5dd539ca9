import FoundationEssentials
import Gateway
import Glibc
import Logging
import NIOHTTP1
import NIOPosix
import OCI
import SystemPackage
import Testing

@testable import Agent

@Suite(.timeLimit(.minutes(1))) struct AdminClientTests {
    @Test("the agent's answers come back over its socket, as values and as the JSON that was sent")
    func answers() async throws {
        let source = StubSource(snapshot: try .sample(), found: try LocateSnapshot.sample().blobs)
        try await withAdminSocket(AdminResponder(source: source, access: .socket)) { socket in
            let client = AdminClient(sockets: [socket])
            let status = try await client.status()
            #expect(status.value == source.snapshot)
            #expect(String(decoding: status.json, as: UTF8.self).hasPrefix(#"{"bytes":{"#))
            #expect(try await client.peers().value.peers == source.snapshot.peers)
            let located = try await client.locate(LocateQuery("ghcr.io/a/b:1"))
            #expect(located.value.query == "ghcr.io/a/b:1")
            #expect(located.value.blobs == source.found)
        }
    }

    @Test("the next socket is tried where nobody listens on the first")
    func fallback() async throws {
        let source = StubSource(snapshot: try .sample())
        try await withAdminSocket(AdminResponder(source: source, access: .socket)) { socket in
            let client = AdminClient(sockets: ["/nonexistent/shoal.sock", socket])
            let status = try await client.status()
            #expect(status.value == source.snapshot)
        }
    }

    @Test("nobody there is one line that says where and what to do")
    func nobody() async throws {
        let error = await #expect(throws: AdminClientError.self) {
            try await AdminClient(sockets: ["/nonexistent/a.sock", "/nonexistent/b.sock"]).status()
        }
        #expect(error?.code == .noAgent)
        #expect(
            error?.message
                == "no agent reachable at /nonexistent/a.sock or /nonexistent/b.sock; start one with 'shoal agent', "
                + "or name its socket with --socket")
    }

    @Test("a file that is no socket, or that nobody listens on any more, is no agent")
    func stale() async throws {
        let folder = try TemporaryFolder()
        let file = folder.path.appending("shoal.sock")
        try FileDescriptor.open(file, .writeOnly, options: [.create], permissions: [.ownerReadWrite]).close()
        let error = await #expect(throws: AdminClientError.self) { try await AdminClient(sockets: [file]).status() }
        #expect(error?.code == .noAgent)
    }

    @Test("a path that is too long for a socket is an error and no crash")
    func tooLong() async throws {
        let path = FilePath("/" + String(repeating: "x", count: 200))
        let error = await #expect(throws: AdminClientError.self) { try await AdminClient(sockets: [path]).status() }
        #expect(error?.code == .broken)
    }

    @Test("an agent that says nothing is not waited for without end")
    func silent() async throws {
        try await withAdminSocket(
            ClosureResponder { _ in
                // Until the client has gone, which cancels this.
                try? await Task.sleep(for: .seconds(60))
                return HTTPResponse(status: .ok)
            }
        ) { socket in
            let error = await #expect(throws: AdminClientError.self) {
                try await AdminClient(sockets: [socket], timeout: .milliseconds(50)).status()
            }
            #expect(error?.code == .timedOut)
        }
    }

    @Test("what the agent objects to is passed on, harmless")
    func refused() async throws {
        try await withAdminSocket(ClosureResponder { _ in .problem(.badRequest, "no \u{1b}[2J such thing") }) {
            socket in
            let error = await #expect(throws: AdminClientError.self) {
                try await AdminClient(sockets: [socket]).status()
            }
            #expect(error?.code == .refused)
            #expect(error?.message == "the agent answered 400: no \\u{1b}[2J such thing")
        }
    }

    @Test("an answer that is not understood is told as such")
    func nonsense() async throws {
        try await withAdminSocket(ClosureResponder { _ in HTTPResponse(status: .ok, body: .bytes([0x7b])) }) { socket in
            let error = await #expect(throws: AdminClientError.self) {
                try await AdminClient(sockets: [socket]).status()
            }
            #expect(error?.code == .broken)
        }
    }

    @Test(
        "the socket is what was named, else the variable's, the file's, the default",
        arguments: [
            ("/a", ["SHOAL_ADMIN_SOCKET": "/b"], "/c", true, ["/a"]),
            (nil, ["SHOAL_ADMIN_SOCKET": "/b"], "/c", true, ["/b"]),
            (nil, [:], "/c", false, ["/c"]), (nil, [:], nil, true, ["/run/shoal/shoal.sock"]),
            (nil, ["SHOAL_ADMIN_SOCKET": ""], nil, true, ["/run/shoal/shoal.sock"]),
            (nil, ["XDG_RUNTIME_DIR": "/run/user/7"], nil, true, ["/run/shoal/shoal.sock"]),
            (
                nil, ["XDG_RUNTIME_DIR": "/run/user/7"], nil, false,
                ["/run/shoal/shoal.sock", "/run/user/7/shoal.sock"]
            ),
        ] as [(String?, [String: String], FilePath?, Bool, [FilePath])])
    func search(
        explicit: String?, environment: [String: String], configured: FilePath?, isRoot: Bool, candidates: [FilePath]
    ) {
        let search = AdminSocketSearch(
            explicit: explicit, environment: environment, configured: configured, isRoot: isRoot)
        #expect(search.candidates == candidates)
    }
}

/// Answers by a closure.
private struct ClosureResponder: HTTPResponder {
    let body: @Sendable (HTTPRequest) async -> HTTPResponse

    func respond(to request: HTTPRequest) async -> HTTPResponse { await body(request) }
}

/// A folder that is removed with everything in it.
final class TemporaryFolder: Sendable {
    let path: FilePath

    init() throws {
        var template = Array("/tmp/shoal-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw Errno(rawValue: errno) }
        path = FilePath(String(cString: made))
    }

    deinit { try? FileManager.default.removeItem(atPath: path.string) }
}
