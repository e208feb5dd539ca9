import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// Nodes that show each other certificates.
    @Suite(
        .serialized,
        .needs(
            .root, .sandbox, .agent, .program("docker-registry"), .program("containerd"), .program("openssl"),
            .program("skopeo")))
    struct PeerTLSTests {
        /// Of a file; 0 where there is none.
        private func size(of path: String) -> Int {
            (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
        }

        @Test(
            "nodes of one authority share an image although its registry is off, with a cluster key and without",
            arguments: [false, true])
        func sharing(withKey: Bool) async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let authority = try await PeerAuthority("ca", in: lan.folder.path)
                var configuration = AgentConfiguration()
                if withKey { configuration.keyFile = try await lan.clusterKey() }
                // The one certificate names its node, the other none.
                let named = String(repeating: "a1", count: 16)
                let ids: [String?] = [named, nil]
                let nodes = try await lan.certified(ids, trusting: authority, configuration)
                try await lan.seeEachOther(nodes)
                #expect(try await nodes[1].status().peers.map(\.id) == [named])
                try await nodes[0].copyThroughMirror(image)
                try await nodes[1].hears(of: nodes[0], holding: image.blobs.count + 1)
                try await registry.switchOff()
                try await Containerd(on: nodes[1]).pull(image.pinned())
                let status = try await nodes[1].status()
                #expect(status.bytes.upstream == 0)
                #expect(status.bytes.peers >= image.bytes)
                for node in nodes {
                    let warnings = try await node.status().warnings
                    #expect(!warnings.contains { $0.contains("TLS") || $0.contains("certificate") })
                }
                let doctor = try await nodes[0].doctor()
                #expect(doctor.verdicts("peers.tls") == ["ok"])
                #expect(doctor.verdicts("peers.listen") == ["ok"])
            }
        }

        @Test("a certificate of an intermediate authority is good for those who know the root alone")
        func intermediate() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let root = try await PeerAuthority("root", in: lan.folder.path)
                let rack = try await PeerAuthority("rack", signedBy: root)
                // It names its node all the same.
                let named = String(repeating: "a1", count: 16)
                let nodes = try await lan.certified([named, nil], trusting: root, signing: [rack, root])
                try await lan.seeEachOther(nodes)
                try await nodes[0].copyThroughMirror(image)
                try await nodes[1].hears(of: nodes[0], holding: image.blobs.count + 1)
                try await registry.switchOff()
                try await Containerd(on: nodes[1]).pull(image.pinned())
                let status = try await nodes[1].status()
                #expect(status.bytes.upstream == 0 && status.bytes.peers >= image.bytes)
                #expect(status.peers.map(\.id) == [named])
            }
        }

        @Test("a node whose certificate has expired is nobody's peer, and says itself what is wrong")
        func expired() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                let authority = try await PeerAuthority("ca", in: lan.folder.path)
                let fresh = try await lan.certified([nil], trusting: authority)[0]
                let late = try await lan.certified([nil], trusting: authority, days: -1)[0]
                try await late.copyThroughMirror(image)
                try await eventually("the one has asked the other who it is", within: .seconds(30)) {
                    try await fresh.status().warnings.contains { $0.contains(late.machine.address) }
                }
                #expect(try await fresh.status().peers.isEmpty)
                #expect(try await late.status().warnings.contains { $0.contains("the certificate is out of date") })
                try await Containerd(on: fresh).pull(image.tagged())
                let bytes = try await fresh.status().bytes
                #expect(bytes.peers == 0)
                #expect(bytes.upstream >= image.bytes)
            }
        }

        @Test("a node that shows another node's certificate is nobody's peer, and says itself what is wrong")
        func otherNodesCertificate() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                let authority = try await PeerAuthority("ca", in: lan.folder.path)
                let ids = [String(repeating: "a1", count: 16), String(repeating: "b2", count: 16)]
                let nodes = try await lan.certified(ids, trusting: authority, naming: ids[0])
                try await nodes[1].copyThroughMirror(image)
                let said = "has a certificate of node \(ids[0]), and is node \(ids[1])"
                try await eventually("the first node has asked the second who it is", within: .seconds(30)) {
                    try await nodes[0].status().warnings.contains { $0.contains(said) }
                }
                #expect(try await nodes[0].status().peers.isEmpty)
                #expect(try nodes[0].log().contains(said))
                #expect(
                    try await nodes[1].status().warnings.contains {
                        $0.hasPrefix("peers.tls.cert: ") && $0.contains("the certificate is node \(ids[0])'s")
                    })
                // It is no source, and keeps nobody from the one that there is.
                try await Containerd(on: nodes[0]).pull(image.tagged())
                let bytes = try await nodes[0].status().bytes
                #expect(bytes.peers == 0)
                #expect(bytes.upstream >= image.bytes)
                // As a client it is refused where it says who it is.
                let mine = PeerAuthority.Certificate(
                    certificate: nodes[1].tls.path + "/cert.pem", key: nodes[1].tls.path + "/key.pem")
                let url = "https://\(nodes[0].machine.address):5051/v1/blobs/\(try image.largestBlob.digest)"
                let asOther = try await nodes[1].get(url, mine.options + ["--header", "Shoal-Node: \(ids[1])"])
                #expect(asOther.status == 403)
            }
        }

        @Test("certificates are renewed, by another authority too, while agents run and bodies are on their way")
        func renewal() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.demo)
                let registry = try await lan.registry()
                let old = try await PeerAuthority("old", in: lan.folder.path)
                let new = try await PeerAuthority("new", in: lan.folder.path)
                let nodes = try await lan.certified([nil, nil], trusting: old)
                try await lan.seeEachOther(nodes)
                try await nodes[0].copyThroughMirror(image)
                try await nodes[1].hears(of: nodes[0], holding: image.blobs.count + 1)
                try await registry.switchOff()

                // A body that is on its way all the while: who takes it is stopped in its midst.
                let blob = try image.largestBlob
                let visitors = (old: try await old.sign("visitor"), new: try await new.sign("visitor"))
                let url = "https://\(nodes[0].machine.address):5051/v1/blobs/\(blob.digest)"
                let body = lan.folder.path + "/body"
                let reader = try lan.start(
                    ["curl", "--silent", "--fail", "--output", body, "--limit-rate", "10M"] + visitors.old.options
                        + [url],
                    on: nodes[1].machine, log: lan.folder.path + "/body.log")
                try await eventually("the body has begun") { size(of: body) > 0 }
                reader.send(SIGSTOP)

                /// Asks each of the nodes from the other one.
                func reaches(_ visitor: PeerAuthority.Certificate) async throws -> [Bool] {
                    var reaches: [Bool] = []
                    for (asker, asked) in [(nodes[1], nodes[0]), (nodes[0], nodes[1])] {
                        let node = "https://\(asked.machine.address):5051/v1/node"
                        reaches.append(try await asker.get(node, visitor.options).status == 200)
                    }
                    return reaches
                }

                for node in nodes { try node.tls.trust([old, new]) }
                try await eventually("both authorities are trusted", within: .seconds(60)) {
                    try await reaches(visitors.new) == [true, true]
                }
                #expect(try await reaches(visitors.old) == [true, true])
                for node in nodes { try await node.tls.install(new.sign(node.name)) }
                for (asker, asked) in [(nodes[1], nodes[0]), (nodes[0], nodes[1])] {
                    try await eventually("\(asked.name) shows its new certificate", within: .seconds(60)) {
                        try await asker.sees(asked, signedBy: new, as: visitors.new)
                    }
                }
                for node in nodes { try node.tls.trust([new]) }
                try await eventually("the old authority is trusted no more", within: .seconds(60)) {
                    try await reaches(visitors.old) == [false, false]
                }

                // What begins now is of the new authority alone; what began goes on.
                try await Containerd(on: nodes[1]).pull(image.pinned())
                let status = try await nodes[1].status()
                #expect(status.bytes.upstream == 0)
                #expect(status.bytes.peers >= image.bytes)
                #expect(size(of: body) < blob.size)
                reader.send(SIGCONT)
                #expect(try await reader.wait(within: .seconds(120)) == .code(0))
                #expect(size(of: body) == blob.size)
            }
        }

        @Test(
            "nodes that share one certificate and pull at the same moment cost upstream little more than one copy",
            .needs(.program("tc")))
        func swarm() async throws {
            let folder = try TemporaryFolder()
            let authority = try await PeerAuthority("ca", in: folder.path)
            let tls = PeerTLSFolder(path: folder.path + "/node")
            try await tls.install(authority.sign("node"))
            try tls.trust([authority])
            var configuration = AgentConfiguration()
            configuration.tables = tls.table
            try await Rollout.with(4, configuration) { rollout in
                let readers = try rollout.nodes.map { try $0.startReading(rollout.image) }
                var took: [Duration] = []
                for reader in readers { took.append(try await reader.finish()) }
                try await rollout.report("four nodes at once over TLS", took: took)
                let copies = try await rollout.meter.copies
                #expect(copies <= 1.3)
            }
        }

        @Test("a new certificate that cannot be used is told once, and the old one stays")
        func broken() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let authority = try await PeerAuthority("ca", in: lan.folder.path)
                let nodes = try await lan.certified([nil, nil], trusting: authority)
                try await lan.seeEachOther(nodes)
                try nodes[0].tls.breakCertificate()
                let told = "the certificate has changed and cannot be used; the old one stays"
                try await eventually("the first node has looked", within: .seconds(60)) {
                    try nodes[0].log().contains(told)
                }
                try await nodes[0].copyThroughMirror(image)
                try await nodes[1].hears(of: nodes[0], holding: image.blobs.count + 1)
                try await registry.switchOff()
                try await Containerd(on: nodes[1]).pull(image.pinned())
                #expect(try await nodes[1].status().bytes.upstream == 0)
                let lines = try nodes[0].log().split(separator: "\n").filter { $0.contains(told) }.map(String.init)
                #expect(lines.count == 1)
                #expect(lines.first?.contains("peers.tls.cert: ") == true)
                let finding = try await nodes[0].doctor().first("peers.tls")
                #expect(finding?.verdict == "fault")
                #expect(finding?.message.contains("peers.tls.cert: \(nodes[0].tls.path)/cert.pem") == true)
            }
        }

        @Test(
            "a node with certificates and one without pull past each other, and both say why",
            arguments: [(true, false), (false, false), (true, true)])
        func mixed(holderHasTLS: Bool, bothHaveTheKey: Bool) async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                let authority = try await PeerAuthority("ca", in: lan.folder.path)
                var configuration = AgentConfiguration()
                if bothHaveTheKey { configuration.keyFile = try await lan.clusterKey() }
                let secure = try await lan.certified([nil], trusting: authority, configuration)[0]
                let plain = try await lan.node(configuration)
                let nodes = holderHasTLS ? [secure, plain] : [plain, secure]
                try await nodes[0].copyThroughMirror(image)
                for (node, other, words) in [
                    (secure, plain, "speaks plain HTTP, and this node speaks TLS to peers"),
                    (plain, secure, "speaks TLS to peers, and this node plain HTTP"),
                ] {
                    try await eventually("\(node.name) says what is between it and \(other.name)", within: .seconds(30))
                    {
                        try await node.status().warnings.contains { $0.contains("\(other.machine.address) \(words)") }
                    }
                    #expect(try node.log().contains(words))
                }
                #expect(try await secure.status().peers.isEmpty)
                try await Containerd(on: nodes[1]).pull(image.tagged())
                let bytes = try await nodes[1].status().bytes
                #expect(bytes.peers == 0)
                #expect(bytes.upstream >= image.bytes)
            }
        }
    }
}

extension Node {
    /// Its certificate, if it has one.
    fileprivate var tls: PeerTLSFolder { PeerTLSFolder(of: name, in: lan) }

    /// Whether another node shows a certificate of an authority.
    fileprivate func sees(
        _ other: Node, signedBy authority: PeerAuthority, as visitor: PeerAuthority.Certificate
    ) async throws -> Bool {
        let script =
            #"openssl s_client -connect "$0" -CAfile "$1" -verify_return_error -cert "$2" -key "$3" < /dev/null"#
        return try await Command(
            machine.command([
                "sh", "-c", script, "\(other.machine.address):5051", authority.file, visitor.certificate, visitor.key,
            ])
        ).result().succeeded
    }
}
