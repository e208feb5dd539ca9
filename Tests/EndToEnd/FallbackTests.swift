import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// A mirror that is not there, or is no help: containerd pulls from upstream, and loses little time.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("containerd")))
    struct FallbackTests {
        /// What a mirror that answers nothing may add, on a machine that is busy with other things.
        private static let generous = Duration.seconds(2)

        @Test(
            "a pull past an agent that is gone, or past a port that answers 503, costs no more than one through the agent",
            .needs(.program("nginx")))
        func noHelp() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                let node = try await lan.node()
                let containerd = try await Containerd(on: node)
                let through = try await containerd.pull(image.tagged())
                report("a pull through the agent, from upstream", through)

                try await node.killAgent()
                try await containerd.forget(image)
                let past = try await containerd.pull(image.tagged())
                report("a pull past an agent that is gone", past)
                #expect(past < through + Self.generous)

                let server = try await node.refusingServer(lan)
                try await containerd.forget(image)
                let refused = try await containerd.pull(image.tagged())
                report("a pull past a port that answers 503", refused)
                #expect(refused < through + Self.generous)
                let asked = try String(
                    decoding: Data(contentsOf: URL(filePath: node.folder + "/nginx/access.log")), as: UTF8.self)
                #expect(asked.contains(" 503 "), "the port was asked")
                try await server.destroy()
            }
        }

        @Test("a pull that an agent keeps waiting because it hangs goes on when the watchdog kills it")
        func hangs() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                let node = try await lan.node()
                let containerd = try await Containerd(on: node)
                try node.agent.send(SIGSTOP)
                let pull = try containerd.startPull(image.tagged())
                try await eventually("containerd asks the mirror") {
                    try await !node.machine.run("ss", "-Htn", "state", "established", "dport = :5050").isEmpty
                }
                // As systemd does after WatchdogSec.
                try await node.killAgent()
                #expect(try await pull.wait(within: .seconds(60)) == .code(0))
            }
        }
    }
}

extension Containerd {
    /// Removes an image with all that it needed.
    fileprivate func forget(_ image: Fixtures.Image) async throws {
        _ = try await run("images", "rm", "--sync", image.tagged())
        try await eventually("its content is gone") { try await content().isEmpty }
    }
}

extension Node {
    /// Something at the mirror's port that answers 503 to everything.
    fileprivate func refusingServer(_ lan: LAN) async throws -> Child {
        let place = folder + "/nginx"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        let settings = """
            daemon off;
            pid \(place)/pid;
            error_log \(place)/error.log;
            events {}
            http {
                access_log \(place)/access.log;
                server { listen 127.0.0.1:5050; return 503; }
            }

            """
        try Data(settings.utf8).write(to: URL(filePath: place + "/nginx.conf"))
        let child = try lan.start(["nginx", "-c", place + "/nginx.conf"], on: machine, log: place + "/log")
        try await eventually("nginx answers 503") {
            try await get("http://127.0.0.1:5050/v2/").status == 503
        }
        return child
    }
}
