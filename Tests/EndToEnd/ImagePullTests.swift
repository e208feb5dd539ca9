import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// `shoal pull`: an image is brought to the node, and whoever looks finds it ready.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("containerd")))
    struct ImagePullTests {
        @Test(
            "an image goes into containerd, unpacked: a container begins at once, and the second pull fetches nothing")
        func intoContainerd() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.demo)
                _ = try await lan.registry()
                let node = try await lan.node(.besideContainerd)
                let containerd = try await Containerd(on: node)
                let result = try await node.shoal("pull", image.tagged())
                #expect(result.exit == .code(0), "\(result.errors)")
                #expect(result.text.contains("into containerd, namespace default, unpacked by overlayfs"))
                #expect(result.text.contains("from upstream"))
                #expect(try await node.status().bytes.upstream >= image.bytes)
                #expect(try await containerd.run("leases", "ls", "-q").isEmpty)

                // Whatever no image leads to goes now.
                let other = try await containerd.run("leases", "create").trimmed
                try await containerd.run("leases", "delete", "--sync", other)
                #expect(try await containerd.content().isSuperset(of: image.blobs.map(\.digest) + [image.digest]))
                let start = ContinuousClock.now
                #expect(try await containerd.say(image.tagged(), "/bin/sh", "-c", "cat /etc/mark") == "demo\n")
                report("a container of a pulled image began and ended", .now - start)
                let check = try await containerd.run("images", "check", "name==\(image.tagged())")
                #expect(check.contains("complete") && check.contains("true"), "\(check)")

                let before = try await node.status().bytes
                let again = try await node.pull(image.tagged())
                report("the second pull", .seconds(again.seconds))
                #expect(again.seconds < 2)
                #expect(again.states == ["present"])
                #expect(again.bytes.upstream == 0 && again.bytes.peers == 0 && again.bytes.store == 0)
                #expect(again.bytes.present == again.size)
                #expect(try await node.status().bytes.upstream == before.upstream)
                try await eventually("Shoal's store has let go of what containerd keeps") {
                    !image.blobs.contains { node.keeps($0.digest) }
                }
            }
        }

        @Test("with upstream off the image comes from a peer, by tag and by digest")
        func fromPeer() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.demo)
                let small = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let nodes = try await lan.trustedNodes(2, .besideContainerd)
                let holder = try await Containerd(on: nodes[0])
                for image in [image, small] { _ = try await nodes[0].pull(image.tagged()) }
                for digest in [image, small].flatMap({ [$0.digest] + $0.blobs.map(\.digest) }) {
                    try await nodes[1].locates(digest, on: nodes[0])
                }
                try await registry.switchOff()
                let taker = try await Containerd(on: nodes[1])
                let pulled = try await nodes[1].pull(image.tagged())
                #expect(pulled.bytes.upstream == 0)
                #expect(pulled.bytes.peers >= image.bytes)
                #expect(pulled.sources == [nodes[0].name])
                report("a pull from a peer into containerd", .seconds(pulled.seconds))
                #expect(try await taker.say(image.tagged(), "/bin/sh", "-c", "cat /etc/mark") == "demo\n")
                _ = try await nodes[1].pull(small.pinned())
                #expect(try await taker.say(small.pinned(), "/bin/sh", "-c", "cat /etc/mark") == "small1\n")
                #expect(try await nodes[1].status().bytes.upstream == 0)
                // What was pulled is shared as what the runtime pulls.
                #expect(try await holder.content().contains(small.digest))
            }
        }

        @Test("without containerd the image goes into Shoal's store, and the mirror serves it with upstream off")
        func intoStore() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let node = try await lan.node()
                let pulled = try await node.pull(image.tagged())
                #expect(pulled.lines.first?.into == "store")
                #expect(pulled.bytes.upstream >= image.bytes)
                try await registry.switchOff()
                let before = try await node.status().bytes
                let head = try await node.mirror(
                    "debian/small/manifests/1", ["--header", "Accept: application/vnd.oci.image.manifest.v1+json"])
                #expect(head.status == 200 && head.headers["docker-content-digest"] == image.digest)
                for blob in image.blobs {
                    #expect(try await node.mirror("debian/small/blobs/\(blob.digest)").body.count == blob.size)
                }
                #expect(try await node.status().bytes.upstream == before.upstream)
                let again = try await node.pull(image.tagged())
                #expect(again.states == ["present"] && again.bytes.present == again.size)
            }
        }

        @Test("a platform that the image is not for is refused with those that it is for; all of them can be had")
        func platforms() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.multi)
                _ = try await lan.registry()
                let node = try await lan.node()
                let refused = try await node.shoal("pull", image.tagged(), "--platform", "linux/riscv64")
                #expect(refused.exit == .code(1))
                #expect(refused.errors.contains("linux/amd64, linux/arm64"), "\(refused.errors)")
                #expect(refused.errors.split(separator: "\n").count == 1)
                let one = try await node.pull(image.tagged(), "--platform", "linux/arm64")
                let all = try await node.pull(image.tagged(), "--platform", "all")
                #expect(all.size > one.size)
                #expect(all.bytes.present >= one.bytes.present)
                let small = try await Fixtures.image(.small)
                let other = try await node.shoal("pull", small.tagged(), "--platform", "linux/s390x")
                #expect(other.exit == .code(1))
                #expect(other.errors.contains("is for linux/"), "\(other.errors)")
            }
        }

        @Test(
            "what nobody has, or what wants credentials, is one line with the reason, and leaves nothing in containerd")
        func missing() async throws {
            var configuration = AgentConfiguration.besideContainerd
            configuration.upstreams["private.test"] = "http://private.test"
            try await LAN.with { [configuration] lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                _ = try await lan.registry(users: ["anna": "secret"])
                let node = try await lan.node(configuration)
                let containerd = try await Containerd(on: node)
                let missing = try await node.shoal("pull", "registry.test/debian/small:none")
                #expect(missing.exit == .code(1))
                #expect(missing.errors.contains("registry.test/debian/small:none"), "\(missing.errors)")
                #expect(missing.errors.split(separator: "\n").count == 1, "\(missing.errors)")
                let closed = try await node.shoal("pull", image.tagged(at: "private.test"))
                #expect(closed.exit == .code(1))
                #expect(closed.errors.contains("[upstream.\"private.test\"]"), "\(closed.errors)")
                let json = try await node.shoal("pull", "registry.test/debian/small:none", "--json")
                #expect(json.text.contains(#""event":"error""#) && json.text.contains(#""code":"not_found""#))
                #expect(try await containerd.run("images", "ls", "-q").isEmpty)
                #expect(try await containerd.content().isEmpty)
                #expect(try await containerd.run("leases", "ls", "-q").isEmpty)
            }
        }

        @Test("a containerd that dies in the middle ends the pull with the reason; the next one goes on with what came")
        func runtimeDies() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.demo)
                let registry = try await lan.registry()
                try await registry.machine.limitUplink(megabitsPerSecond: 200)
                let node = try await lan.node(.besideContainerd)
                let containerd = try await Containerd(on: node)
                let log = node.folder + "/shoal-pull.log"
                let pull = try node.startImagePull(image.tagged(), log: log)
                try await eventually("the pull is under way", within: .seconds(20)) {
                    try await node.status().bytes.upstream > 10 << 20
                }
                try await containerd.kill()
                #expect(try await pull.wait(within: .seconds(30)) == .code(1))
                let said = try String(decoding: Data(contentsOf: URL(filePath: log)), as: UTF8.self)
                #expect(said.contains("containerd went away"), "\(said)")
                try await containerd.start()
                #expect(try await containerd.run("images", "ls", "-q").isEmpty)
                _ = try await node.pull(image.tagged())
                #expect(try await node.status().bytes.upstream < image.bytes * 5 / 4, "what had come was kept")
                #expect(try await containerd.say(image.tagged(), "/bin/sh", "-c", "cat /etc/mark") == "demo\n")
            }
        }

        @Test("Ctrl-C ends the pull in the agent, brings the cursor back, and leaves nothing in containerd")
        func interrupted() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.demo)
                let registry = try await lan.registry()
                try await registry.machine.limitUplink(megabitsPerSecond: 100)
                let node = try await lan.node(.besideContainerd)
                let containerd = try await Containerd(on: node)
                let log = node.folder + "/shoal-pull.log"
                let pull = try node.startImagePull(image.tagged(), log: log, onTerminal: true)
                func drawn() throws -> String {
                    try String(decoding: Data(contentsOf: URL(filePath: log)), as: UTF8.self)
                }
                try await eventually("bars are drawn", within: .seconds(20)) {
                    let text = try drawn()
                    return text.contains("\u{1b}[?25l") && text.contains("[#") && text.contains("upstream")
                }
                #expect(try await !containerd.run("leases", "ls", "-q").isEmpty)
                let programs = try await Command(["pgrep", "--full", "shoal pull.*--socket \(node.folder)/"]).run()
                for pid in programs.split(separator: "\n") {
                    _ = try await Command(["kill", "-INT", String(pid)]).result()
                }
                try await pull.wait(within: .seconds(10))
                #expect(try drawn().contains("\u{1b}[?25h"))
                try await eventually("the lease is gone, and what it kept", within: .seconds(20)) {
                    let leases = try await containerd.run("leases", "ls", "-q")
                    let content = try await containerd.content()
                    return leases.isEmpty && content.isEmpty
                }
                #expect(try await containerd.run("images", "ls", "-q").isEmpty)
            }
        }

        @Test("Kubernetes finds what was pulled for it: by its name, by its digest, and ready to run")
        func kubernetes() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let node = try await lan.node(.besideContainerd)
                let containerd = try await Containerd(on: node, cri: .discardingLayers)
                let pulled = try await node.pull(image.tagged(), "--namespace", "k8s.io")
                #expect(pulled.lines.first?.namespace == "k8s.io")
                try await registry.switchOff()
                try await eventually("the CRI knows the image") {
                    try await containerd.isKnownToCRI(image.tagged())
                }
                #expect(try await containerd.isKnownToCRI(image.pinned()))
                #expect(try await !containerd.isKnownToCRI("registry.test/debian/small:none"))
                // Where there is Kubernetes' namespace it is the default.
                let again = try await node.pull(image.pinned())
                #expect(again.lines.first?.namespace == "k8s.io")
                #expect(again.bytes.upstream == 0)
            }
        }
    }
}

extension Node {
    /// A pull that runs while the test goes on; what it says, and what it draws, goes to the log.
    fileprivate func startImagePull(_ image: String, log: String, onTerminal: Bool = false) throws -> Child {
        let command = [Environment.binary, "pull", image, "--socket", folder + "/shoal.sock"]
        guard onTerminal else { return try lan.start(command, on: machine, log: log) }
        let line = command.map { "'\($0)'" }.joined(separator: " ")
        return try lan.start(
            ["env", "TERM=xterm", "script", "--quiet", "--flush", "--return", "--command", line, "/dev/null"],
            on: machine, log: log)
    }
}

extension String {
    fileprivate var trimmed: String { String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()) }
}
