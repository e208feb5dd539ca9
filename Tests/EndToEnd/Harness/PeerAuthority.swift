import FoundationEssentials

/// An authority that signs what nodes show each other, made by the commands of docs/security.md.
struct PeerAuthority: Sendable {
    /// What a node, or somebody who would be one, shows: PEM files.
    struct Certificate: Sendable {
        let certificate: String
        let key: String

        /// For curl, which cannot know a node's address among the names of its certificate.
        var options: [String] { ["--insecure", "--cert", certificate, "--key", key] }
    }

    private static let keyOptions = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

    /// PEM.
    let file: String
    private let key: String
    /// What goes behind each certificate: the authority's own, where it is not one that signs itself.
    private let intermediates: Data

    init(_ name: String, in folder: String) async throws {
        file = "\(folder)/\(name).pem"
        key = "\(folder)/\(name).key"
        intermediates = Data()
        try await Command(
            ["openssl", "req", "-x509"] + Self.keyOptions
                + ["-days", "2", "-subj", "/CN=\(name)", "-keyout", key, "-out", file]
        ).run()
    }

    /// One whose certificate another has signed.
    init(_ name: String, signedBy parent: PeerAuthority) async throws {
        let own = try await parent.issue(name, "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n")
        (file, key) = (own.certificate, own.key)
        intermediates = try Data(contentsOf: URL(filePath: file)) + parent.intermediates
    }

    /// Signs a certificate.
    /// - Parameters:
    ///   - node: the id that it names; nil: it is good for any node.
    ///   - days: from now until it expires; fewer than 0: it has.
    func sign(_ name: String, node: String? = nil, days: Int = 2) async throws -> Certificate {
        var extensions = "extendedKeyUsage=serverAuth,clientAuth\n"
        if let node { extensions += "subjectAltName=URI:urn:shoal:node:\(node)\n" }
        let certificate = try await issue(name, extensions, days: days)
        let place = URL(filePath: certificate.certificate)
        try (Data(contentsOf: place) + intermediates).write(to: place)
        return certificate
    }

    private func issue(_ name: String, _ extensions: String, days: Int = 2) async throws -> Certificate {
        let base = "\(file.dropLast(".pem".count))-\(name)"
        try Data(extensions.utf8).write(to: URL(filePath: base + ".ext"))
        try await Command(
            ["openssl", "req"] + Self.keyOptions
                + ["-subj", "/CN=\(name)", "-keyout", base + ".key", "-out", base + ".csr"]
        ).run()
        try await Command([
            "openssl", "x509", "-req", "-in", base + ".csr", "-CA", file, "-CAkey", key, "-CAcreateserial", "-days",
            "\(days)", "-extfile", base + ".ext", "-out", base + ".pem",
        ]).run()
        return Certificate(certificate: base + ".pem", key: base + ".key")
    }
}

/// Where one node has the files of its table `peers.tls`.
struct PeerTLSFolder: Sendable {
    let path: String

    init(of node: String, in lan: LAN) {
        self.init(path: "\(lan.folder.path)/\(node)-tls")
    }

    init(path: String) {
        self.path = path
    }

    /// The table for the agent's configuration.
    var table: String {
        """
        [peers.tls]
        cert = "\(path)/cert.pem"
        key = "\(path)/key.pem"
        ca = "\(path)/ca.pem"

        """
    }

    func install(_ certificate: PeerAuthority.Certificate) throws {
        try replace("key.pem", with: certificate.key)
        try replace("cert.pem", with: certificate.certificate)
    }

    func trust(_ authorities: [PeerAuthority]) throws {
        try write(authorities.map { try Data(contentsOf: URL(filePath: $0.file)) }.reduce(Data(), +), to: "ca.pem")
    }

    /// What nobody can use.
    func breakCertificate() throws { try write(Data("no certificate\n".utf8), to: "cert.pem") }

    private func replace(_ name: String, with file: String) throws {
        try write(Data(contentsOf: URL(filePath: file)), to: name)
    }

    /// As those do who renew certificates: in one step.
    private func write(_ data: Data, to name: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try data.write(to: URL(filePath: "\(path)/\(name)"), options: .atomic)
    }
}

extension LAN {
    /// Nodes with certificates, one for each entry of `ids`: the node's id, or nil where it makes one itself.
    /// - Parameters:
    ///   - naming: the node that all certificates name; nil: each its own, or none.
    ///   - days: until the certificates expire; fewer than 0: they have.
    func certified(
        _ ids: [String?], trusting authority: PeerAuthority, signing signers: [PeerAuthority]? = nil,
        naming: String? = nil, days: Int = 2,
        _ configuration: AgentConfiguration = AgentConfiguration()
    ) async throws -> [Node] {
        var nodes: [Node] = []
        for (number, id) in ids.enumerated() {
            let node = try await idleNode(configuration) { machine, configuration in
                let tls = PeerTLSFolder(of: machine.name, in: self)
                let signer = signers?[number] ?? authority
                try await tls.install(signer.sign(machine.name, node: naming ?? id, days: days))
                try tls.trust([authority])
                configuration.tables += tls.table
            }
            if let id {
                try FileManager.default.createDirectory(atPath: node.dataDirectory, withIntermediateDirectories: true)
                let document = #"{"schema":1,"id":"\#(id)","epoch":1}"#
                try Data(document.utf8).write(to: URL(filePath: node.dataDirectory + "/node.json"))
            }
            try await node.startAgent()
            nodes.append(node)
        }
        return nodes
    }
}
