import FoundationEssentials
import Testing

extension EndToEnd {
    /// What a node and its clients show a registry stays between them and the registry.
    @Suite(
        .serialized,
        .needs(
            .root, .sandbox, .agent, .program("docker-registry"), .program("htpasswd"), .program("skopeo"),
            .program("prlimit")))
    struct PrivateSecretTests {
        private static let token = "Token-Der-Nirgends-Stehen-Darf"
        /// Passwords, as they are and as they travel, and a token.
        fileprivate static let secrets =
            [PrivateLAN.password, "Falsches-Wort-88", token]
            + ["anna:\(PrivateLAN.password)", "anna:Falsches-Wort-88"].map { Data($0.utf8).base64EncodedString() }

        @Test(
            "no secret is in a log at its most talkative, in a file of the agent's, in what it tells, or on the way to a peer"
        )
        func nowhere() async throws {
            let members: [PrivateLAN.Member] = [
                .init(password: PrivateLAN.password, tells: true), .init(password: "Falsches-Wort-88", tells: true),
                .init(rule: "offer", tells: true),
            ]
            try await PrivateLAN.with(members) { place in
                try await WireTap.with(place.nodes[0].machine, except: [place.registry.machine.address]) { tap in
                    for node in place.nodes {
                        for client in [PrivateLAN.anna, PrivateLAN.wrong, [], ["--oauth2-bearer", Self.token]] {
                            for question in try place.questions { _ = try await node.asks(question, client) }
                        }
                    }
                    try await place.search(tap)
                }
                // And while it cannot be asked.
                try await place.registry.switchOff()
                for node in place.nodes { for question in try place.questions { _ = try await node.asks(question) } }
                for node in place.nodes { try await node.stopAgent() }
                let folders = place.nodes.map(\.folder)
                // Where the search does not find what is there, it proves nothing.
                #expect(try await Self.found([place.image.digest], in: folders) == [place.image.digest])
                #expect(try await Self.found(Self.secrets, in: folders) == [])
            }
        }

        @Test("a crash leaves no memory of the agent's on a disk")
        func coreDump() async throws {
            try await LAN.with { lan in
                var configuration = AgentConfiguration()
                configuration.launcher = ["prlimit", "--core=unlimited"]
                let node = try await lan.node(configuration)
                let limits = try String(
                    decoding: Data(contentsOf: URL(filePath: "/proc/\(node.agent.pid)/limits")), as: UTF8.self)
                let core = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
                let values = core.split(separator: " ").suffix(3).map(String.init)
                #expect(values == ["0", "0", "bytes"])
                // What it tells of itself it still sees.
                let metrics = try await node.get("http://127.0.0.1:5052/metrics").text
                let files = try #require(metrics.split(separator: "\n").first { $0.hasPrefix("process_open_fds ") })
                let count = try #require(files.split(separator: " ").last.flatMap { Double($0) })
                #expect(count > 0)
            }
        }

        /// Those of some words that a file in some folders has in it.
        static func found(_ words: [String], in places: [String]) async throws -> [String] {
            var found: [String] = []
            for word in words {
                let search = try await Command(["grep", "-rqaF", "--devices=skip", "-e", word] + places).result()
                switch search.exit {
                case .code(0): found.append(word)
                case .code(1): continue
                case let other: throw HarnessError("grep ended with \(other): \(search.errors)")
                }
            }
            return found
        }
    }
}

extension PrivateLAN {
    /// Looks through what the nodes tell of themselves, and what the first of them has got from the others.
    fileprivate func search(_ tap: WireTap) async throws {
        let folder = lan.folder.path + "/told"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for node in nodes {
            var told = try await node.shoal("status", "--json").text
            told += try await node.shoal("explain", image.tagged(at: "private.test")).text
            for path in ["metrics", "api/v1/status", "api/v1/peers", "api/v1/transfers"] {
                told += try await node.get("http://127.0.0.1:5052/" + path).text
            }
            try Data(told.utf8).write(to: URL(filePath: "\(folder)/\(node.name)"))
        }
        try Data(tap.bytes).write(to: URL(filePath: folder + "/wire"))
        typealias Tests = EndToEnd.PrivateSecretTests
        let known = ["GET /v1/blobs/\(image.digest)", "\"schema\"", nodes[1].name]
        #expect(try await Tests.found(known, in: [folder]) == known)
        #expect(try await Tests.found(Tests.secrets, in: [folder]) == [])
    }
}
