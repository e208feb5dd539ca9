import FoundationEssentials
import Testing

extension EndToEnd {
    /// The rule of trust.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("containerd")))
    struct TrustTests {
        private static let accept = ["--head", "--header", "Accept: application/vnd.oci.image.manifest.v1+json"]

        @Test("without a cluster key public content is shared by digest, and nobody's tags are believed")
        func withoutKey() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let nodes = try await lan.nodes(2)
                try await Containerd(on: nodes[0]).pull(image.tagged())
                try await nodes[1].hears(of: nodes[0], holding: image.blobs.count + 1)
                try await registry.switchOff()
                let tag = try await nodes[1].mirror("debian/small/manifests/1", Self.accept)
                #expect(tag.status == 404)
                try await Containerd(on: nodes[1]).pull(image.pinned())
                let bytes = try await nodes[1].status().bytes
                #expect(bytes.upstream == 0)
                #expect(bytes.peers >= image.bytes)
            }
        }

        @Test("what a stranger says of a tag counts for nobody but who was told to believe the LAN")
        func strangersTags() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let careful = try await lan.node()
                var configuration = AgentConfiguration()
                configuration.tables = "[tags]\nbelieve = \"lan\"\n"
                let credulous = try await lan.node(configuration)
                // What the stranger calls by those names is there, and right: the names are the lie.
                for node in [careful, credulous] { try await node.copyThroughMirror(image) }
                try await registry.switchOff()
                let names = ["registry.test/debian/forged:1", "localhost:5050/team/forged:1"]
                let tags = Dictionary(uniqueKeysWithValues: names.map { ($0, image.digest) })
                try await LyingPeer.with(tags: tags) { liar in
                    for node in [careful, credulous] { try await liar.isRead(by: node) }
                    for (node, status) in [(credulous, 200), (careful, 404)] {
                        let tag = try await node.mirror("debian/forged/manifests/1", Self.accept)
                        #expect(tag.status == status)
                        let local = try await node.local("team/forged/manifests/1", "--head")
                        #expect(local.status == status)
                    }
                }
            }
        }

        @Test("a name that a stranger outbids for good is lost where the LAN is believed, and a push says so there")
        func highestVersion() async throws {
            try await LAN.with { lan in
                let careful = Repository(try await lan.node())
                var configuration = AgentConfiguration()
                configuration.tables = "[tags]\nbelieve = \"lan\"\n"
                let credulous = Repository(try await lan.node(configuration))
                for place in [careful, credulous] {
                    _ = try await place.push(manifest: place.push("ours"), as: "v1")
                }
                let theirs = Repository.digest("what the stranger says that the name means")
                let tags = ["localhost:5050/team/app:v1": theirs]
                try await LyingPeer.with(tags: tags, counter: 1 << 53 - 1) { liar in
                    for place in [careful, credulous] { try await liar.isRead(by: place.node) }
                    for (place, status) in [(careful, 201), (credulous, 403)] {
                        let manifest = try await place.manifest(layer: place.push("ours, too"))
                        func put(_ tag: String) async throws -> HTTPAnswer {
                            try await place.send("PUT", "manifests/\(tag)", manifest, type: Repository.manifestType)
                        }
                        let answer = try await put("v1")
                        #expect(answer.status == status, "\(answer.text)")
                        #expect(answer.text.contains("use another tag") == (status == 403), "\(answer.text)")
                        #expect(try await put("v2").status == 201)
                        let tag = try await place.get("manifests/v1")
                        #expect(tag.status == (status == 201 ? 200 : 404))
                    }
                }
            }
        }

        @Test("a node believes its own earlier answer for a tag when upstream is gone")
        func ownTag() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let node = try await lan.node()
                try await Containerd(on: node).pull(image.tagged())
                try await registry.switchOff()
                let tag = try await node.mirror("debian/small/manifests/1", Self.accept)
                #expect(tag.status == 200)
                #expect(tag.headers["docker-content-digest"] == image.digest)
            }
        }

        @Test("where the agent has no credentials the mirror answers 404, and containerd pulls with its own")
        func missingCredentials() async throws {
            var configuration = AgentConfiguration()
            configuration.upstreams = ["private.test": "http://private.test"]
            try await LAN.with { [configuration] lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry(users: ["anna": "secret"])
                let node = try await lan.node(configuration)
                let paths = try ["manifests/1", "manifests/\(image.digest)", "blobs/\(image.largestBlob.digest)"]
                for path in paths {
                    let answer = try await node.mirror("debian/small/\(path)", namespace: "private.test")
                    #expect(answer.status == 404, "\(path)")
                    #expect(answer.headers["www-authenticate"] == nil, "\(path)")
                }
                try await Containerd(on: node).pull(image.tagged(at: "private.test"), "--user", "anna:secret")
                #expect(try await node.status().bytes.upstream == 0)
            }
        }

        @Test("a private image is not offered to peers without a cluster key")
        func privateImage() async throws {
            try await LAN.with { lan in
                // Nothing else in a log has it as a part.
                let secret = "Zwetschgen-Datschi-41"
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry(users: ["anna": secret])
                let password = lan.folder.path + "/password"
                try Data("\(secret)\n".utf8).write(to: URL(filePath: password))
                var trusted = AgentConfiguration()
                trusted.upstreams = ["private.test": "http://private.test"]
                var stranger = trusted
                trusted.credentials = ["private.test": (user: "anna", passwordFile: password)]
                stranger.tables = ""
                let one = try await lan.node(trusted)
                let two = try await lan.node(stranger)
                try await Containerd(on: one).pull(image.tagged(at: "private.test"))
                let status = try await one.status()
                #expect(status.bytes.upstream >= image.bytes, "the agent's own credentials were used")
                #expect(status.shared.blobs == 0)
                let blob = try image.largestBlob
                let asked = try await two.get("http://\(one.machine.address):5051/v1/blobs/\(blob.digest)")
                #expect(asked.status == 404)
                let mirrored = try await two.mirror("debian/small/blobs/\(blob.digest)", namespace: "private.test")
                #expect(mirrored.status == 404)
                let log = try one.log()
                let written = [secret, Data("anna:\(secret)".utf8).base64EncodedString()]
                for credentials in written { #expect(!log.contains(credentials), "no credentials in the log") }
            }
        }

        @Test("what a stranger asks of a node, or tells it, makes it fetch nothing")
        func nothingFetched() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let node = try await lan.node()
                let stranger = try await lan.idleNode()
                let digests = [image.digest] + image.blobs.map(\.digest)
                for digest in digests {
                    for path in ["blobs/\(digest)", "chain/\(digest)", "pieces/\(digest)"] {
                        for options in [[], ["--range", "0-99"]] {
                            let asked = try await stranger.get(
                                "http://\(node.machine.address):5051/v1/\(path)", options)
                            #expect(asked.status == 404, "\(path) \(options)")
                        }
                    }
                }
                try await LyingPeer.with { liar in
                    let sender = try RawSender()
                    let known = digests.map { [UInt8](digest: $0) }
                    try await liar.isRead(by: node, saying: known)
                    let heard = #"shoal_beacon_datagrams_total{direction="in"}"#
                    let before = try await node.metrics()(heard)
                    let dropped = try await node.metrics().droppedDatagrams
                    // From behind `peers.allow`, by the browser of who is let in.
                    let inventory = "http://\(node.machine.address):5051/v1/inventory"
                    #expect(try await stranger.get(inventory).status == 200)
                    for header in ["Origin: http://evil.example", "Sec-Fetch-Site: cross-site"] {
                        #expect(try await stranger.get(inventory, ["--header", header]).status == 403)
                    }
                    // The Hello was the first.
                    for turn in UInt64(1)...20 {
                        let want = WireBeacon.want(node: liar.node, sequence: 2 * turn, digests: known)
                        let question = WireBeacon.whoHas(
                            node: liar.node, sequence: 2 * turn + 1, digests: known, padding: 600)
                        for datagram in [want, question] { sender.send(datagram, to: node.machine.address) }
                    }
                    try await eventually("all of it is heard") { try await node.metrics()(heard) >= before + 40 }
                    #expect(try await node.metrics().droppedDatagrams == dropped, "it is taken, too")
                    #expect(try await node.metrics()("shoal_downloads_begun_total") == 0)
                    #expect(try await node.status().bytes.upstream == 0)
                    #expect(try registry.requests(for: image.repository).isEmpty)
                }
                // What the registry is asked for is seen.
                let blob = try image.largestBlob
                let mirrored = try await node.mirror("\(image.repository)/blobs/\(blob.digest)")
                #expect(mirrored.status == 200)
                try await eventually("the registry's log has it") {
                    try !registry.requests(for: image.repository).isEmpty
                }
            }
        }

        @Test("a private image is shared among the holders of a cluster key, without asking upstream again")
        func privateImageWithKey() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry(users: ["anna": "secret"])
                let password = lan.folder.path + "/password"
                try Data("secret\n".utf8).write(to: URL(filePath: password))
                var configuration = AgentConfiguration()
                configuration.upstreams = ["private.test": "http://private.test"]
                configuration.credentials = ["private.test": (user: "anna", passwordFile: password)]
                let nodes = try await lan.trustedNodes(2, configuration)
                try await Containerd(on: nodes[0]).pull(image.tagged(at: "private.test"))
                try await nodes[1].hears(of: nodes[0], holding: image.blobs.count + 1)
                try await registry.switchOff()
                try await Containerd(on: nodes[1]).pull(image.tagged(at: "private.test"))
                #expect(try await nodes[1].status().bytes.upstream == 0)
            }
        }

        @Test("an agent without the cluster key gets nothing from those that have it")
        func strangers() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                let members = try await lan.trustedNodes(2)
                let stranger = try await lan.node()
                try await Containerd(on: members[0]).pull(image.tagged())
                try await members[1].hears(of: members[0], holding: image.blobs.count + 1)
                let blob = try image.largestBlob
                for path in ["blobs/\(blob.digest)", "chain/\(blob.digest)", "pieces/\(blob.digest)", "inventory"] {
                    let asked = try await stranger.get("http://\(members[0].machine.address):5051/v1/\(path)")
                    #expect(asked.status == 401 || asked.status == 403, "\(path)")
                    #expect(!asked.text.contains(image.digest), "\(path)")
                }
                #expect(try await stranger.status().peers.isEmpty)
                #expect(try await members[0].status().peers.map(\.name) == ["node2"])
            }
        }
    }
}
