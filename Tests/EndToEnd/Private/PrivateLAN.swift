import FoundationEssentials
import Testing

/// A LAN whose nodes hold one cluster key, and a registry behind it that hands its images to `anna` only.
struct PrivateLAN {
    static let password = "Zwiebel-Kuchen-77"
    /// What curl sends of her.
    static let anna = ["--user", "anna:\(password)"]
    static let wrong = ["--user", "anna:Falsches-Wort-88"]

    /// What sets a node apart.
    struct Member {
        /// With which password it asks the registry as `anna`; nil: it has no credentials.
        var password: String?
        /// `share.private`
        var rule = "verify"
        /// Whether it logs everything.
        var tells = false

        static let trusted = Member(password: PrivateLAN.password)
    }

    let lan: LAN
    let registry: Registry
    let nodes: [Node]
    let image: Fixtures.Image

    /// The first node has the image.
    static func with(
        _ members: [Member], _ name: Fixtures.Name = .small, _ test: (PrivateLAN) async throws -> Void
    ) async throws {
        try await LAN.with { lan in
            let image = try await Fixtures.image(name)
            let registry = try await lan.registry(users: ["anna": password])
            let key = try await lan.clusterKey()
            var nodes: [Node] = []
            for member in members { nodes.append(try await lan.node(configuration(member, key, lan))) }
            if nodes.count > 1 { try await lan.seeEachOther(nodes) }
            let place = PrivateLAN(lan: lan, registry: registry, nodes: nodes, image: image)
            try await nodes[0].copyThroughMirror(image, at: "private.test")
            for node in nodes.dropFirst() { try await node.hears(of: nodes[0], holding: image.blobs.count + 1) }
            try await test(place)
        }
    }

    static func configuration(_ member: Member, _ key: String, _ lan: LAN) throws -> AgentConfiguration {
        var configuration = AgentConfiguration()
        configuration.keyFile = key
        configuration.upstreams = ["private.test": "http://private.test", "proxy.test": "http://proxy.test"]
        if let password = member.password {
            let file = "\(lan.folder.path)/\(UUID().uuidString).password"
            try Data((password + "\n").utf8).write(to: URL(filePath: file))
            configuration.credentials = ["private.test": (user: "anna", passwordFile: file)]
        }
        configuration.tables = "[share]\nprivate = \"\(member.rule)\"\n[discovery]\nmdns = false\n"
        // Words behind the agent's own.
        if member.tells { configuration.launcher = ["sh", "-c", #"exec "$@" --log-level trace"#, "sh"] }
        return configuration
    }

    /// The ways in which a client may ask for the image or a part of it: as containerd and as podman do, without a registry, under
    /// a name of its own, and a manifest as if it were a blob.
    var questions: [(path: String, namespace: String?)] {
        get throws {
            let (repository, manifest, blob) = (image.repository, image.digest, try image.largestBlob.digest)
            let parts = ["manifests/\(manifest)", "blobs/\(blob)", "blobs/\(manifest)"]
            return parts.flatMap { part in
                [
                    ("\(repository)/\(part)", "private.test"), ("private.test/\(repository)/\(part)", nil),
                    ("\(repository)/\(part)", nil), ("some/name/\(part)", nil),
                ]
            } + [("\(repository)/manifests/\(image.tag)", "private.test")]
        }
    }

    /// How often the registry was asked for blobs or manifests of the image so far, as its log has it.
    func asked(_ method: String, _ kind: String) throws -> Int {
        try registry.requests(for: "\"\(method) /v2/\(image.repository)/\(kind)/").count
    }
}

extension Node {
    static let manifestTypes = [
        "--header",
        "Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, */*",
    ]

    /// What this node's mirror answers to a client.
    func asks(_ question: (path: String, namespace: String?), _ options: [String] = []) async throws -> HTTPAnswer {
        try await mirror(question.path, Self.manifestTypes + options, namespace: question.namespace)
    }
}
