import SystemPackage
import Testing

@testable import Containerd

@Suite("Where no containerd answers")
struct NoContainerdTests {
    private func error(at path: FilePath) async -> ContainerdError? {
        await #expect(throws: ContainerdError.self) {
            try await ContainerdClient.withConnection(to: path) { _ in }
        }
    }

    @Test("a socket that is not there is told so at once")
    func absent() async {
        let error = await error(at: "/tmp/shoal-there-is-no-such-socket")
        #expect(error?.code == .unreachable)
        #expect(error?.message == "there is no socket /tmp/shoal-there-is-no-such-socket; is containerd running?")
    }

    @Test("a file that is no socket is told so at once")
    func file() async {
        #expect(await error(at: "/etc/passwd")?.code == .unreachable)
    }

    @Test("a path too long for a socket is told so")
    func long() async {
        let error = await error(at: FilePath("/tmp/" + String(repeating: "x", count: 200)))
        #expect(error?.message.contains("too long") == true)
    }

    @Test(
        "what the system says of a socket becomes what to do about it",
        arguments: [
            (Errno.noSuchFileOrDirectory, ContainerdError.Code.unreachable, "is containerd running?"),
            (.connectionRefused, .unreachable, "nobody listens at /run/x"),
            (.permissionDenied, .permission, "may not be opened by this agent's user"),
            (.ioError, .unreachable, "/run/x cannot be connected to"),
        ])
    func errors(errno: Errno, code: ContainerdError.Code, words: String) {
        let error = ContainerdSocket.error(errno, at: "/run/x")
        #expect(error.code == code)
        #expect(error.message.contains(words))
    }

    @Test("a socket at which nobody listens any more is told so at once")
    func abandoned() async throws {
        let listener = try AbandonedSocket()
        let error = await error(at: listener.path)
        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("nobody listens") == true)
    }

    @Test(
        "somebody else who answers, hangs up or says nothing is no containerd, and that is told within seconds",
        arguments: [nil, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "", "garbage\0\u{1}"])
    func impostor(answer: String?) async throws {
        let start = ContinuousClock.now
        try await Impostor.serve(answer) { socket in
            let error = await error(at: socket)
            #expect(error?.code == .notContainerd)
            #expect(error?.message.contains("\(socket)") == true)
            #expect(error?.message.contains("runtime.containerd.address") == true)
        }
        #expect(.now - start < .seconds(20))
    }
}
