import FoundationEssentials
import Testing

extension EndToEnd {
    /// `share.private = "verify"`: among holders of the cluster key, too, a private image is for those whom its registry lets have it.
    @Suite(
        .serialized,
        .needs(
            .root, .sandbox, .agent, .program("docker-registry"), .program("htpasswd"), .program("skopeo"),
            .program("containerd")))
    struct PrivateImageTests {
        /// A node that has not heard yet whose image a manifest is takes the manifest itself from the registry: more than all of those.
        private static let manifests = 16_384

        @Test(
            "a node with the key and credentials has all bytes from a peer, and of the registry no more than its word",
            arguments: [Fixtures.Name.small, .multi])
        func confirmed(name: Fixtures.Name) async throws {
            try await PrivateLAN.with([.trusted, .trusted, .trusted], name) { place in
                let layers = try place.asked("GET", "blobs")
                let heads = try place.asked("HEAD", "manifests")
                let sent = try await place.registry.machine.bytesSent()
                try await Containerd(on: place.nodes[1]).pull(place.image.tagged(at: "private.test"))
                try await place.nodes[2].copyThroughMirror(place.image, at: "private.test")
                for node in place.nodes.dropFirst() {
                    let bytes = try await node.status().bytes
                    #expect(bytes.peers >= place.image.blobs.reduce(0) { $0 + $1.size })
                    #expect(bytes.upstream < Self.manifests)
                }
                #expect(try place.asked("GET", "blobs") == layers)
                #expect(try place.asked("HEAD", "manifests") > heads)
                let since = try await place.registry.machine.bytesSent() - sent
                report("the registry sent for two pulls", bytes: since)
                #expect(since < place.image.bytes / 4)
            }
        }

        @Test(
            "who has the key and wrong credentials, or none, gets nothing of a peer's, however it asks; with offer it does"
        )
        func refused() async throws {
            let members: [PrivateLAN.Member] = [
                .trusted, .init(password: "Falsches-Wort-88"), .init(), .init(rule: "offer"),
            ]
            try await PrivateLAN.with(members) { place in
                let questions = try place.questions
                for node in place.nodes[1...2] {
                    for question in questions {
                        let answer = try await node.asks(question)
                        #expect(answer.status == 404, "\(node.name) \(question)")
                        #expect(answer.headers["www-authenticate"] == nil)
                        let head = try await node.asks(question, ["--head"])
                        #expect(head.status == 404, "\(node.name) HEAD \(question)")
                    }
                    let pull = try await node.shoal("pull", place.image.pinned(at: "private.test"))
                    #expect(pull.exit == .code(1))
                    let bytes = try await node.status().bytes
                    #expect(bytes.peers == 0 && bytes.upstream == 0)
                }
                let manifest = "\(place.image.repository)/manifests/\(place.image.digest)"
                let blob = try place.image.largestBlob
                let open = place.nodes[3]
                #expect(try await open.asks((manifest, "private.test")).status == 200)
                let answer = try await open.asks(("\(place.image.repository)/blobs/\(blob.digest)", "private.test"))
                #expect(answer.status == 200)
                #expect(answer.body.count == blob.size)
                #expect(try await open.status().bytes.peers >= blob.size)

                // The mirror is in nobody's way: containerd has credentials of its own.
                let last = place.nodes[2]
                try await Containerd(on: last).pull(
                    place.image.tagged(at: "private.test"), "--user", "anna:\(PrivateLAN.password)")
                #expect(try await last.status().bytes.peers == 0)
            }
        }

        @Test("each client is judged by what it sends itself, also those that ask at once")
        func clients() async throws {
            try await PrivateLAN.with([.trusted, .init()]) { place in
                let node = place.nodes[1]
                let manifest = ("\(place.image.repository)/manifests/\(place.image.digest)", String?("private.test"))
                let blob = try place.image.largestBlob
                let layer = ("\(place.image.repository)/blobs/\(blob.digest)", String?("private.test"))
                let shown = [PrivateLAN.anna, PrivateLAN.wrong, []]
                for _ in 0..<3 {
                    for question in [manifest, layer] {
                        let statuses = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
                            for client in 0..<9 {
                                group.addTask { (client, try await node.asks(question, shown[client % 3]).status) }
                            }
                            return try await group.reduce(into: [Int](repeating: 0, count: 9)) { $0[$1.0] = $1.1 }
                        }
                        #expect(statuses == [200, 404, 404, 200, 404, 404, 200, 404, 404], "\(question)")
                    }
                }
                let bytes = try await node.status().bytes
                #expect(bytes.peers >= blob.size)
                #expect(bytes.upstream == 0)
            }
        }

        @Test("while the registry is away, what was confirmed lately is had from a peer, and nothing else is")
        func away() async throws {
            try await PrivateLAN.with([.trusted, .trusted]) { place in
                let node = place.nodes[1]
                let manifest = ("\(place.image.repository)/manifests/\(place.image.digest)", String?("private.test"))
                let blob = try place.image.largestBlob
                let layer = ("\(place.image.repository)/blobs/\(blob.digest)", String?("private.test"))
                #expect(try await node.asks(manifest).status == 200)
                try await place.registry.switchOff()
                let answer = try await node.asks(layer)
                #expect(answer.status == 200)
                #expect(answer.body.count == blob.size)
                #expect(try await node.status().bytes.upstream == 0)
                for client in [PrivateLAN.anna, PrivateLAN.wrong] {
                    // Hers are the node's own.
                    let expected = client == PrivateLAN.anna ? 200 : 404
                    #expect(try await node.asks(manifest, client).status == expected)
                    #expect(try await node.asks(layer, client).status == expected)
                }
            }
        }

        @Test("a push is no way to a private image, not by its layer nor by its manifest, unless it brings the bytes")
        func pushes() async throws {
            try await PrivateLAN.with([.trusted, .init(), .init(rule: "offer")]) { place in
                let layer = try place.image.largestBlob
                let config = try #require(place.image.blobs.first { $0.digest != layer.digest })
                func descriptor(_ type: String, _ blob: Fixtures.Image.Blob) -> String {
                    #"{"mediaType":"application/vnd.oci.image.\#(type)","digest":"\#(blob.digest)","size":\#(blob.size)}"#
                }
                let manifest = """
                    {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",\
                    "config":\(descriptor("config.v1+json", config)),"layers":[\(descriptor("layer.v1.tar+gzip", layer))]}
                    """
                let held = try await place.nodes[0].asks(
                    ("\(place.image.repository)/manifests/\(place.image.digest)", "private.test"))
                let child = Fixtures.Image.Blob(digest: place.image.digest, size: held.body.count)
                let index = """
                    {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",\
                    "manifests":[\(descriptor("manifest.v1+json", child))]}
                    """
                func push(_ document: String, _ type: String, on node: Node) async throws -> Int {
                    let file = place.lan.folder.path + "/pushed.json"
                    try Data(document.utf8).write(to: URL(filePath: file))
                    return try await node.get(
                        "http://127.0.0.1:5050/v2/team/copy/manifests/v1",
                        [
                            "--upload-file", file, "--header",
                            "Content-Type: application/vnd.oci.image.\(type).v1+json",
                        ]
                    ).status
                }
                #expect(try await push(manifest, "manifest", on: place.nodes[1]) == 400)
                #expect(try await push(index, "index", on: place.nodes[1]) == 400)
                #expect(try await place.nodes[1].status().bytes.peers == 0)
                #expect(try await push(manifest, "manifest", on: place.nodes[2]) == 201)
                #expect(try await push(index, "index", on: place.nodes[2]) == 201)

                // Who has the bytes may push them.
                let folder = place.nodes[1].folder
                try await place.nodes[1].skopeo(
                    "copy", "--quiet", "--src-tls-verify=false", "--dest-tls-verify=false", "--src-creds",
                    "anna:\(PrivateLAN.password)", "docker://" + place.image.tagged(at: "private.test"),
                    "docker://localhost:5050/team/own:v1")
                try await place.nodes[1].skopeo(
                    "copy", "--quiet", "--src-tls-verify=false", "docker://localhost:5050/team/own:v1",
                    "oci:\(folder)/own:v1")
            }
        }

        @Test("what is public costs no question, and is had while its registry is away")
        func isPublic() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                var configuration = AgentConfiguration()
                configuration.tables = "[share]\nprivate = \"verify\"\n"
                let nodes = try await lan.trustedNodes(2, configuration)
                try await Containerd(on: nodes[0]).pull(image.tagged())
                try await nodes[1].hears(of: nodes[0], holding: image.blobs.count + 1)
                let manifest = ("\(image.repository)/manifests/\(image.digest)", String?("registry.test"))
                #expect(try await nodes[1].asks(("\(image.repository)/manifests/1", "registry.test")).status == 200)
                let asked = try registry.requests(for: image.repository).count
                for client in [[], PrivateLAN.wrong] {
                    #expect(try await nodes[1].asks(manifest, client).status == 200)
                    for blob in image.blobs {
                        let answer = try await nodes[1].asks(
                            ("\(image.repository)/blobs/\(blob.digest)", "registry.test"), client)
                        #expect(answer.status == 200)
                    }
                }
                // The agents may have asked, of their own accord and by HEAD, whether what they have got is public.
                let gets = try registry.requests(for: image.repository).dropFirst(asked).count { $0.contains("\"GET ") }
                #expect(gets == 0)
                #expect(try await nodes[1].status().bytes.upstream < Self.manifests)
                try await registry.switchOff()
                #expect(try await nodes[1].asks(manifest, PrivateLAN.wrong).status == 200)
                #expect(try await nodes[0].asks(manifest).status == 200)
            }
        }

        @Test("the rule changes with a reload")
        func reload() async throws {
            try await PrivateLAN.with([.trusted, .init(rule: "offer")]) { place in
                let node = place.nodes[1]
                let manifest = ("\(place.image.repository)/manifests/\(place.image.digest)", String?("private.test"))
                #expect(try await node.asks(manifest).status == 200)
                let key = place.lan.folder.path + "/cluster.key"
                for (rule, status) in [("verify", 404), ("offer", 200)] {
                    try node.reload(try PrivateLAN.configuration(.init(rule: rule), key, place.lan))
                    try await eventually("\(rule) counts") { try await node.asks(manifest).status == status }
                }
            }
        }
    }
}
