import FoundationEssentials
import Testing

extension EndToEnd {
    /// The rule of trust while a blob is arriving.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("tc")))
    struct SwarmTrustTests {
        @Test(
            "without a cluster key nobody hears of a private image that is arriving, and no piece of it leaves the node"
        )
        func privateImage() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.random)
                let publicImage = try await Fixtures.image(.small)
                _ = try await lan.registry()
                let vault = try await lan.registry(users: ["anna": "secret"])
                let password = lan.folder.path + "/password"
                try Data("secret\n".utf8).write(to: URL(filePath: password))
                var configuration = AgentConfiguration()
                configuration.upstreams["private.test"] = "http://private.test"
                configuration.credentials = ["private.test": (user: "anna", passwordFile: password)]
                let nodes = try await lan.nodes(2, configuration)
                try await vault.machine.limitUplink(megabitsPerSecond: 200)
                let blob = try image.largestBlob
                try await BeaconTap.with { tap in
                    let meter = try await CopyMeter(of: image, from: vault.machine)
                    let reader = try nodes[0].startReading(image, at: "private.test")
                    try await meter.reaches(0.3)
                    for path in ["pieces", "blobs", "chain"] {
                        let asked = try await nodes[1].get(
                            "http://\(nodes[0].machine.address):5051/v1/\(path)/\(blob.digest)", ["--range", "0-99"])
                        #expect(asked.status == 404, "\(path)")
                        #expect(asked.headers["shoal-pieces"] == nil, "\(path)")
                    }
                    #expect(try await meter.copies < 0.95, "it was asked while the image was arriving")
                    try await reader.finish()

                    // The tap is one: of a public image it hears.
                    try await nodes[0].read(publicImage)
                    try await eventually("the public image is told of") {
                        try tap.hasHeard(of: publicImage.largestBlob.digest)
                    }
                    for digest in image.blobs.map(\.digest) + [image.digest] { #expect(!tap.hasHeard(of: digest)) }
                    #expect(try await nodes[0].status().bytes.servedToPeers == 0)
                }

                // The chain is there, and goes with its blob: to nobody, and to everybody once the image may be shared.
                let chain = "\(nodes[0].dataDirectory)/chains/sha256-\(blob.digest.dropFirst(7)).chain"
                try await eventually("the blob's chain is kept") { FileManager.default.fileExists(atPath: chain) }
                let url = "http://\(nodes[0].machine.address):5051/v1/chain/\(blob.digest)"
                #expect(try await nodes[1].get(url).status == 404)
                configuration.tables = "[share]\ninclude = [\"private.test/*\"]\n"
                try await nodes[0].restartAgent(configuration)
                try await eventually("the chain of what is shared is given") {
                    try await nodes[1].get(url).status == 200
                }
            }
        }

        @Test("with a cluster key a private image costs its registry little more than one copy")
        func privateImageWithKey() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.random)
                let vault = try await lan.registry(users: ["anna": "secret"])
                let password = lan.folder.path + "/password"
                try Data("secret\n".utf8).write(to: URL(filePath: password))
                var configuration = AgentConfiguration()
                configuration.upstreams = ["private.test": "http://private.test"]
                configuration.credentials = ["private.test": (user: "anna", passwordFile: password)]
                let nodes = try await lan.trustedNodes(3, configuration)
                try await vault.machine.limitUplink(megabitsPerSecond: 100)
                let meter = try await CopyMeter(of: image, from: vault.machine)
                let readers = try nodes.map { try $0.startReading(image, at: "private.test") }
                for reader in readers { try await reader.finish() }
                let copies = try await meter.copies
                #expect(copies <= 1.3)
            }
        }
    }
}
