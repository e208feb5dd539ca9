import FoundationEssentials
import Testing

extension EndToEnd {
    /// Images without a registry: pushed on one node, pulled on any.
    @Suite(
        .serialized,
        .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("skopeo"), .program("containerd")))
    struct LocalRegistryTests {
        @Test(
            "an image that is pushed on one node is pulled on another, by tag and digest, and outlives the first one's agent"
        )
        func pushAndPull() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let nodes = try await lan.members(3)
                try await nodes[0].push(image, as: "team/app:v1")
                try await registry.switchOff()
                #expect(try await nodes[0].digest(of: "team/app", "v1") == image.digest)

                let containerd = try await Containerd(on: nodes[1])
                try await containerd.run("images", "pull", "--plain-http", "localhost:5050/team/app:v1")
                try await containerd.run("images", "pull", "--plain-http", "localhost:5050/team/app@\(image.digest)")
                #expect(try await nodes[1].status().bytes.upstream == 0)

                // Who has pulled it can give it.
                try await eventually("the second node offers the image") {
                    try await nodes[2].holders(of: "localhost:5050/team/app:v1").contains(nodes[1].name)
                }
                try await nodes[0].stopAgent()
                try await nodes[2].skopeo(
                    "copy", "--quiet", "--src-tls-verify=false", "docker://localhost:5050/team/app:v1",
                    "oci:\(nodes[2].folder)/copy:v1")
                #expect(try await nodes[2].digest(of: "team/app", "v1") == image.digest)
            }
        }

        @Test("a later push wins on every node, a deletion too, and tags are listed from all of them")
        func laterWins() async throws {
            try await LAN.with { lan in
                let nodes = try await lan.members(3)
                let first = try await nodes[0].pushArtifact("first", as: "team/app", "latest")
                try await nodes[1].means(first, by: "team/app", "latest")
                let second = try await nodes[1].pushArtifact("second", as: "team/app", "latest")
                for node in nodes { try await node.means(second, by: "team/app", "latest") }
                try await nodes[2].pushArtifact("third", as: "team/app", "other")
                for node in nodes {
                    try await eventually("\(node.name) lists both tags") {
                        try await node.local("team/app/tags/list").text.contains(#""tags":["latest","other"]"#)
                    }
                }
                #expect(try await nodes[2].shoal("rm", "localhost:5050/team/app:latest").succeeded)
                for node in nodes { try await node.means(nil, by: "team/app", "latest") }
                // The node that pushed it comes back with what it knew, and hears that it is gone.
                try await nodes[1].killAgent()
                try await nodes[1].startAgent()
                try await nodes[1].means(nil, by: "team/app", "latest")
                #expect(try await nodes[0].digest(of: "team/app", "other") != nil)
            }
        }

        @Test(
            "the same tag pushed on two sides of a partition is one image on every node once it heals, and nothing pushed is lost"
        )
        func partition() async throws {
            try await LAN.with { lan in
                let nodes = try await lan.members(3)
                let before = try await nodes[0].pushArtifact("before", as: "team/app", "latest")
                for node in nodes { try await node.means(before, by: "team/app", "latest") }
                try await Command.run(["ip link set \(nodes[2].name) down"])
                let one = try await nodes[0].pushArtifact("one side", as: "team/app", "latest")
                let other = try await nodes[2].pushArtifact("other side", as: "team/app", "latest")
                try await nodes[1].means(one, by: "team/app", "latest")
                #expect(try await nodes[2].digest(of: "team/app", "latest") == other)
                try await Command.run(["ip link set \(nodes[2].name) up"])
                // The clock is one and the same here: the later push is the other side's.
                for node in nodes { try await node.means(other, by: "team/app", "latest", within: .seconds(40)) }
                for digest in [one, other] {
                    for node in nodes {
                        try await eventually("\(node.name) has \(digest)") {
                            try await node.local("team/app/manifests/\(digest)").status == 200
                        }
                    }
                }
            }
        }

        @Test("what refers to an image is listed on every node, and kept with it")
        func referrers() async throws {
            try await LAN.with { lan in
                let nodes = try await lan.members(2)
                let image = try await nodes[0].pushArtifact("image", as: "team/app", "v1")
                let signature = try await nodes[0].pushArtifact("signature", as: "team/app", "sig", subject: image)
                #expect(try await nodes[0].shoal("rm", "localhost:5050/team/app:sig").succeeded)
                #expect(try await nodes[0].shoal("gc", "--grace", "0").succeeded)
                for node in nodes {
                    try await eventually("\(node.name) lists the signature") {
                        try await node.local("team/app/referrers/\(image)").text.contains(signature)
                    }
                }
                let filtered = try await nodes[1].local(
                    "team/app/referrers/\(image)?artifactType=application/vnd.other")
                #expect(filtered.headers["oci-filters-applied"] == "artifactType")
                #expect(!filtered.text.contains(signature))
            }
        }

        @Test("without a cluster key nothing that is pushed leaves the node")
        func noKey() async throws {
            try await LAN.with { lan in
                let nodes = [try await lan.node(), try await lan.node()]
                try await lan.seeEachOther(nodes)
                let digest = try await nodes[0].pushArtifact("private", as: "team/app", "v1")
                #expect(try await nodes[0].digest(of: "team/app", "v1") == digest)
                let public1 = try await nodes[0].status().shared.blobs
                #expect(public1 == 0)
                #expect(try await nodes[1].digest(of: "team/app", "v1") == nil)
                #expect(try await nodes[1].local("team/app/manifests/\(digest)").status == 404)
            }
        }

        @Test("with tags.believe = lan and share.include, a LAN without a key is a registry too")
        func lanBelieved() async throws {
            try await LAN.with { lan in
                var configuration = AgentConfiguration()
                configuration.tables = """
                    [tags]
                    believe = "lan"
                    [share]
                    include = ["localhost:5050/team/*"]

                    """
                let nodes = [try await lan.node(configuration), try await lan.node(configuration)]
                try await lan.seeEachOther(nodes)
                let digest = try await nodes[0].pushArtifact("for all", as: "team/app", "v1")
                try await nodes[1].means(digest, by: "team/app", "v1")
                let other = try await nodes[0].pushArtifact("not for all", as: "own/app", "v1")
                #expect(try await nodes[1].local("own/app/manifests/\(other)").status == 404)
            }
        }

        @Test("a content identifier names the manifest on every node, and shoal locate prints it")
        func contentAddress() async throws {
            try await LAN.with { lan in
                let nodes = try await lan.members(2)
                let digest = try await nodes[0].pushArtifact("addressed", as: "team/app", "v1")
                let located = try await nodes[0].shoal("locate", "localhost:5050/team/app:v1", "--json")
                let cid = try #require(JSON.decode(Located.self, located.text).blobs.first?.cid)
                #expect(cid.hasPrefix("bafkrei"))
                for node in nodes { try await node.means(digest, by: "ipfs/\(cid)", "latest") }
                let refused = try await nodes[0].local("ipfs/\(cid)/blobs/uploads/", "--request", "POST")
                #expect(refused.status == 403)
                #expect(
                    try await nodes[0].local("ipfs/QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG/manifests/latest")
                        .status == 400)
            }
        }

        private struct Located: Decodable {
            struct Blob: Decodable { let cid: String? }
            let blobs: [Blob]
        }

        @Test("an agent that is killed in the middle of a push goes on with it, and keeps what it has acknowledged")
        func killed() async throws {
            try await LAN.with { lan in
                let node = try await lan.node()
                let digest = try await node.pushArtifact("acknowledged", as: "team/app", "v1")
                let begun = try await node.local("team/app/blobs/uploads/", "--request", "POST")
                let upload = try #require(begun.headers["location"])
                let folder = try TemporaryFolder()
                let half = String(repeating: "half", count: 100_000)
                try Data(half.utf8).write(to: URL(filePath: folder.path + "/half"))
                let url = "http://localhost:5050\(upload)"
                let sent = try await node.get(
                    url,
                    [
                        "--request", "PATCH", "--data-binary", "@\(folder.path)/half", "--header",
                        "Content-Type: application/octet-stream",
                    ])
                #expect(sent.status == 202)
                try await node.killAgent()
                try await node.startAgent()
                try await node.means(digest, by: "team/app", "v1")
                #expect(try await node.get(url).headers["range"] == "0-399999")
                let sum = try await Command(["sh", "-c", "cat \(folder.path)/half \(folder.path)/half | sha256sum"])
                    .run()
                let whole = "sha256:" + (sum.split(separator: " ").first ?? "")
                let done = try await node.get(
                    "\(url)?digest=\(whole)",
                    [
                        "--request", "PUT", "--data-binary", "@\(folder.path)/half", "--header",
                        "Content-Range: 400000-799999",
                    ])
                #expect(done.status == 201)
                #expect(try await node.local("team/app/blobs/\(whole)", "--head").headers["content-length"] == "800000")
            }
        }

        @Test(
            "what no name leads to is collected after its grace time; what is tagged or pinned stays, whatever else needs room"
        )
        func collection() async throws {
            try await LAN.with { lan in
                var configuration = AgentConfiguration()
                configuration.tables = "[store]\ncapacity = \"10MB\"\n"
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                let node = try await lan.node(configuration)
                let kept = try await node.pushArtifact("kept", as: "team/app", "v1")
                let gone = try await node.pushArtifact("gone", as: "team/app", "v2")
                #expect(try await node.shoal("rm", "localhost:5050/team/app:v2").succeeded)
                #expect(try await node.shoal("gc", "--dry-run", "--grace", "0").text.contains("would go"))
                #expect(try await node.local("team/app/manifests/\(gone)").status == 200)
                let collected = try await node.shoal("gc", "--grace", "0")
                #expect(collected.text.contains(gone))
                #expect(!collected.text.contains(kept))
                #expect(try await node.local("team/app/manifests/\(gone)").status == 404)
                // More than there is room for comes by.
                for _ in 0..<3 { try await node.read(image) }
                #expect(try await node.local("team/app/manifests/v1").status == 200)
                #expect(try await node.shoal("images").text.contains("localhost:5050/team/app:v1"))
            }
        }

        @Test("a layer that a push was told need not be sent outlives a collection, without a name that leads to it")
        func promised() async throws {
            try await LAN.with { lan in
                let node = try await lan.node()
                var layers: [String] = []
                for text in ["asked for", "not asked for"] {
                    try await node.pushArtifact(text, as: "team/app", "v1")
                    let sum = try await Command(["sh", "-c", "printf %s '\(text)' | sha256sum"]).run()
                    layers.append("team/app/blobs/sha256:" + (sum.split(separator: " ").first ?? ""))
                    #expect(try await node.shoal("rm", "localhost:5050/team/app:v1").succeeded)
                }
                #expect(try await node.local(layers[0], "--head").status == 200)
                #expect(try await node.shoal("gc", "--grace", "0").succeeded)
                #expect(try await node.local(layers[0]).text == "asked for")
                #expect(try await node.local(layers[1]).status == 404)
            }
        }
    }
}

extension LAN {
    /// Nodes with one cluster key that have found each other.
    func members(_ count: Int) async throws -> [Node] {
        var configuration = AgentConfiguration()
        configuration.keyFile = try await clusterKey()
        var nodes: [Node] = []
        for _ in 0..<count { nodes.append(try await node(configuration)) }
        try await seeEachOther(nodes)
        return nodes
    }
}
