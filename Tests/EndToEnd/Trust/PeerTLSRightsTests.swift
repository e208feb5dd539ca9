import FoundationEssentials
import Testing

extension EndToEnd {
    /// What a certificate opens, and what it does not.
    @Suite(
        .serialized,
        .needs(
            .root, .sandbox, .agent, .program("docker-registry"), .program("containerd"), .program("openssl"),
            .program("skopeo")))
    struct PeerTLSRightsTests {
        /// Of curl: 000 is none.
        private struct Answer: Equatable {
            var status: String
            var bytes: Int
        }

        @Test(
            "who has no certificate of the authority gets nothing: not over plain HTTP, not over TLS without one, with another's or an expired one"
        )
        func strangers() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                let authority = try await PeerAuthority("ca", in: lan.folder.path)
                let others = try await PeerAuthority("others", in: lan.folder.path)
                // Those others are an authority of the node's system.
                let system = "/etc/ssl/certs/ca-certificates.crt"
                var configuration = AgentConfiguration()
                configuration.launcher = [
                    "unshare", "--mount", "sh", "-c", "mount --bind \(others.file) \(system) && exec \"$@\"", "system",
                ]
                let node = try await lan.certified([nil], trusting: authority, configuration)[0]
                let seen = try await Command(["cat", "/proc/\(node.agent.pid)/root\(system)"]).run()
                #expect(try seen == String(contentsOf: URL(filePath: others.file), encoding: .utf8))
                try await node.copyThroughMirror(image)
                let stranger = try await lan.machine("stranger", Network.first.address(40))
                let blob = try image.largestBlob
                let address = "\(node.machine.address):5051"
                let path = "/v1/blobs/\(blob.digest)"

                func ask(_ scheme: String, _ path: String, _ options: [String]) async throws -> Answer {
                    let output = lan.folder.path + "/answer"
                    try? FileManager.default.removeItem(atPath: output)
                    let status = try await Command(
                        stranger.command(
                            ["curl", "--silent", "--max-time", "60", "--output", output, "--write-out", "%{http_code}"]
                                + options + ["\(scheme)://\(address)\(path)"])
                    ).result().text
                    return Answer(status: status, bytes: FileManager.default.contents(atPath: output)?.count ?? 0)
                }

                let own = try await authority.sign("visitor")
                let foreign = try await others.sign("visitor")
                let expired = try await authority.sign("late", days: -1)
                try await eventually("the blob is offered") {
                    try await ask("https", path, own.options) == Answer(status: "200", bytes: blob.size)
                }
                for path in [path, "/v1/node", "/v1/inventory"] {
                    let plain = try await ask("http", path, [])
                    #expect(plain.status == "400", "\(path)")
                    #expect(plain.bytes < 100, "\(path)")
                    for options in [["--insecure"], foreign.options, expired.options] {
                        let refused = try await ask("https", path, options)
                        #expect(refused == Answer(status: "000", bytes: 0), "\(path)")
                    }
                }
                let warnings = try await node.status().warnings
                #expect(warnings.contains { $0.contains("\(stranger.address) speaks plain HTTP") })
                #expect(
                    warnings.contains { $0.contains("\(stranger.address) has no certificate that this node trusts") })
            }
        }

        @Test("certificates alone open no private image to those who have them, and make nobody's tags count")
        func privateImage() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry(users: ["anna": "secret"])
                let authority = try await PeerAuthority("ca", in: lan.folder.path)
                let password = lan.folder.path + "/password"
                try Data("secret\n".utf8).write(to: URL(filePath: password))
                var configuration = AgentConfiguration()
                configuration.upstreams = ["private.test": "http://private.test"]
                configuration.credentials = ["private.test": (user: "anna", passwordFile: password)]
                let nodes = try await lan.certified([nil, nil], trusting: authority, configuration)
                try await lan.seeEachOther(nodes)
                try await Containerd(on: nodes[0]).pull(image.tagged(at: "private.test"))
                let visitor = try await authority.sign("visitor")
                let digest = try image.largestBlob.digest
                for path in ["blobs/\(digest)", "chain/\(digest)", "pieces/\(digest)", "blobs/\(image.digest)"] {
                    let address = "https://\(nodes[0].machine.address):5051/v1/\(path)"
                    #expect(try await nodes[1].get(address, visitor.options).status == 404, "\(path)")
                }
                try await registry.switchOff()
                for path in ["manifests/1", "manifests/\(image.digest)", "blobs/\(digest)"] {
                    let answer = try await nodes[1].mirror("debian/small/\(path)", namespace: "private.test")
                    #expect(answer.status == 404, "\(path)")
                }
                // The one that has it goes on giving it to its own runtime.
                let own = try await nodes[0].mirror("debian/small/blobs/\(digest)", namespace: "private.test")
                #expect(own.status == 200)
            }
        }

        @Test("a certificate makes nobody's tags count: they do only where a node was told to believe the LAN")
        func tags() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let authority = try await PeerAuthority("ca", in: lan.folder.path)
                var credulous = AgentConfiguration()
                credulous.tables = "[tags]\nbelieve = \"lan\"\n"
                // Without a key a node tells no other tags than these, and only if it was told to believe them, too.
                var telling = credulous
                telling.tables += "[share]\ninclude = [\"registry.test/*\"]\n"
                let teller = try await lan.certified([nil], trusting: authority, telling)[0]
                let bait = try await lan.certified([nil], trusting: authority, credulous)[0]
                let careful = try await lan.certified([nil], trusting: authority)[0]
                try await lan.seeEachOther([teller, bait, careful])
                try await teller.copyThroughMirror(image)
                for node in [bait, careful] { try await node.hears(of: teller, holding: image.blobs.count + 1) }
                try await registry.switchOff()
                let manifest = ["--header", "Accept: application/vnd.oci.image.manifest.v1+json"]
                for (node, status) in [(bait, 200), (careful, 404)] {
                    let tag = try await node.mirror("\(image.repository)/manifests/1", manifest)
                    #expect(tag.status == status, "\(node.name)")
                    let pinned = try await node.mirror("\(image.repository)/manifests/\(image.digest)", manifest)
                    #expect(pinned.status == 200, "\(node.name)")
                }
            }
        }

        @Test("with a cluster key who has a certificate alone is told who a node is, and nothing else")
        func certificateWithoutKey() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                let authority = try await PeerAuthority("ca", in: lan.folder.path)
                var configuration = AgentConfiguration()
                configuration.keyFile = try await lan.clusterKey()
                let nodes = try await lan.certified([nil, nil], trusting: authority, configuration)
                try await lan.seeEachOther(nodes)
                try await nodes[0].copyThroughMirror(image)
                try await nodes[1].hears(of: nodes[0], holding: image.blobs.count + 1)
                let visitor = try await authority.sign("visitor")
                let digest = try image.largestBlob.digest
                let paths = ["blobs/\(digest)", "chain/\(digest)", "pieces/\(digest)", "inventory"]
                for (path, status) in paths.map({ ($0, 401) }) + [("node", 200)] {
                    let address = "https://\(nodes[0].machine.address):5051/v1/\(path)"
                    let answer = try await nodes[1].get(address, visitor.options)
                    #expect(answer.status == status, "\(path)")
                    #expect(!answer.text.contains(image.digest), "\(path)")
                }
            }
        }
    }
}
