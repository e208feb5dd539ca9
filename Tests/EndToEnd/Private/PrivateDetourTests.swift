import FoundationEssentials
import Testing

extension EndToEnd {
    /// Ways around `share.private = "verify"` that a client without rights may try: pushes that name what they do not bring, and a registry of
    /// its own that lies.
    @Suite(
        .serialized,
        .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("htpasswd"), .program("skopeo")))
    struct PrivateDetourTests {
        /// What is private: an index, which has a tag, or a manifest of its, which has none.
        enum Secret: CaseIterable { case index, manifest }

        @Test(
            "a push is no way to a private manifest, whatever it says of where else that can be had",
            arguments: Secret.allCases)
        func foreign(_ secret: Secret) async throws {
            try await PrivateLAN.with([.trusted, .init()], .multi) { place in
                let node = place.nodes[1]
                let copy = Repository(node, "team/copy")
                var named = try await place.descriptor(of: secret)
                let elsewhere: [[String]?] = [nil, ["https://elsewhere.test/x"]]
                for urls in elsewhere {
                    named.urls = urls
                    let answer = try await copy.send(
                        "PUT", "manifests/v1", Document.index(of: [named]), type: Repository.indexType)
                    #expect(answer.code == "MANIFEST_BLOB_UNKNOWN", "\(answer.text)")
                    let manifest = try await copy.get("manifests/\(named.digest)")
                    #expect(manifest.status == 404)
                }
                #expect(try await node.status().bytes.peers == 0)
                // The node's own right is enough.
                let answer = try await Repository(place.nodes[0], "team/copy").send(
                    "PUT", "manifests/v1", Document.index(of: [named]), type: Repository.indexType)
                #expect(answer.status == 201, "\(answer.text)")
            }
        }

        @Test("a manifest that was sent as a blob is looked at like a pushed one, however many indexes lie above it")
        func manifestAsBlob() async throws {
            try await PrivateLAN.with([.trusted, .init()], .multi) { place in
                let node = place.nodes[1]
                let copy = Repository(node, "team/copy")
                let layer = try place.image.largestBlob
                let config = Document.Descriptor("application/vnd.test.config", try await copy.push("{}"), 2)
                let own = Document.Descriptor("text/plain", try await copy.push("a layer of their own"), 20)
                let named = Document.Descriptor(
                    "application/vnd.oci.image.layer.v1.tar+gzip", layer.digest, layer.size)
                let parts = [(named, 400), (try await place.descriptor(of: .manifest), 400), (own, 201)]
                for isNested in [false, true] {
                    for (secret, status) in parts {
                        var text = Document.manifest(config, [own, secret])
                        var named = Document.Descriptor(
                            Repository.manifestType, try await copy.push(text), text.utf8.count)
                        if isNested {
                            text = Document.index(of: [named])
                            named = .init(Repository.indexType, try await copy.push(text), text.utf8.count)
                        }
                        let answer = try await copy.send(
                            "PUT", "manifests/v1", Document.index(of: [named]), type: Repository.indexType)
                        #expect(answer.status == status, "\(secret) \(answer.text)")
                        guard status != 201 else { continue }
                        #expect(try await copy.get("blobs/\(secret.digest)").status == 404)
                        #expect(try await copy.get("manifests/\(secret.digest)").status == 404)
                    }
                }
                #expect(try await node.status().bytes.peers == 0)
            }
        }

        @Test(
            "a registry that says that it has a private manifest, or names it, does not open it",
            arguments: Secret.allCases)
        func lyingRegistry(_ secret: Secret) async throws {
            try await PrivateLAN.with([.trusted, .init()], .multi) { place in
                try await LyingRegistry.with { registry in
                    let node = place.nodes[1]
                    let secret = try await place.descriptor(of: secret)
                    func isClosed(_ when: String) async throws {
                        for kind in ["blobs", "manifests"] {
                            let path = "evil/app/\(kind)/\(secret.digest)"
                            for question in [(path, String?("proxy.test")), ("proxy.test/\(path)", nil), (path, nil)] {
                                let answer = try await node.asks(question)
                                #expect(answer.status == 404, "\(when): \(question)")
                            }
                        }
                    }
                    try await isClosed("it says that it has it")

                    let config = Document.Descriptor("application/vnd.test.config", registry.add("{}"), 2)
                    let index = Document.index(of: [secret])
                    let manifest = Document.manifest(config, [secret])
                    for (text, type) in [(manifest, Repository.manifestType), (index, Repository.indexType)] {
                        let digest = registry.add(text, as: type)
                        let given = try await node.asks(("evil/app/manifests/\(digest)", "proxy.test"))
                        #expect(given.text == text)
                        try await isClosed("it names it")
                        let named = Document.Descriptor(type, digest, text.utf8.count)
                        let answer = try await Repository(node, "team/copy").send(
                            "PUT", "manifests/v1", Document.index(of: [named]), type: Repository.indexType)
                        #expect(answer.code == "MANIFEST_BLOB_UNKNOWN", "\(answer.text)")
                        try await isClosed("what names it is named by a push")
                        for kind in ["blobs", "manifests"] {
                            let path = "team/copy/\(kind)/\(secret.digest)"
                            #expect(try await node.asks((path, nil)).status == 404)
                        }
                    }
                }
            }
        }

        @Test("what looks like a manifest and is a blob of a public artifact comes from its registry")
        func manifestInBlob() async throws {
            try await PrivateLAN.with([.trusted, .init()]) { place in
                try await LyingRegistry.with { registry in
                    let config = Document.Descriptor("application/vnd.test.config", registry.add("{}"), 2)
                    let text = Document.index(of: [])
                    let list = Document.Descriptor("application/vnd.test.list", registry.add(text), text.utf8.count)
                    let digest = registry.add(Document.manifest(config, [list]), as: Repository.manifestType)
                    for node in place.nodes {
                        for _ in 0..<2 {
                            for part in ["manifests/\(digest)", "blobs/\(config.digest)", "blobs/\(list.digest)"] {
                                let answer = try await node.asks(("some/list/\(part)", "proxy.test"))
                                #expect(answer.status == 200, "\(node.name) \(part)")
                            }
                        }
                        let answer = try await node.asks(("some/list/blobs/\(list.digest)", "proxy.test"))
                        #expect(answer.text == text)
                    }
                }
            }
        }
    }
}

/// Manifests and indexes as text.
private enum Document {
    struct Descriptor: Codable {
        var mediaType: String
        var digest: String
        var size: Int
        var urls: [String]?

        init(_ mediaType: String, _ digest: String, _ size: Int) {
            (self.mediaType, self.digest, self.size) = (mediaType, digest, size)
        }

        var text: String {
            let urls = urls.map { #","urls":[\#($0.map { "\"\($0)\"" }.joined(separator: ","))]"# } ?? ""
            return #"{"mediaType":"\#(mediaType)","digest":"\#(digest)","size":\#(size)\#(urls)}"#
        }
    }

    static func index(of manifests: [Descriptor]) -> String {
        """
        {"schemaVersion":2,"mediaType":"\(Repository.indexType)",\
        "manifests":[\(manifests.map(\.text).joined(separator: ","))]}
        """
    }

    static func manifest(_ config: Descriptor, _ layers: [Descriptor]) -> String {
        """
        {"schemaVersion":2,"mediaType":"\(Repository.manifestType)","config":\(config.text),\
        "layers":[\(layers.map(\.text).joined(separator: ","))]}
        """
    }
}

extension PrivateLAN {
    /// The private index, or that manifest of its that the first node has.
    fileprivate func descriptor(of secret: EndToEnd.PrivateDetourTests.Secret) async throws -> Document.Descriptor {
        struct Index: Decodable {
            let manifests: [Document.Descriptor]
        }
        let path = "\(image.repository)/manifests/"
        let index = try await nodes[0].asks((path + image.digest, "private.test"))
        try #require(index.status == 200)
        guard secret == .manifest else { return .init(Repository.indexType, image.digest, index.body.count) }
        let parsed = try JSON.decode(Index.self, index.text).manifests
        return try #require(parsed.first)
    }
}
