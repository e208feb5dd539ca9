import Discovery
import SystemPackage
import TLS

/// An authority for the peers of a test, made by openssl as docs/security.md says.
struct StubAuthority {
    /// PEM.
    let file: FilePath
    private let key: FilePath
    private let folder: FilePath
    private let name: String

    init(_ name: String, in folder: FilePath) throws {
        file = folder.appending("\(name).pem")
        key = folder.appending("\(name).key")
        self.folder = folder
        self.name = name
        try StubCertificate.openssl(
            ["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=\(name)"] + Self.keyOptions
                + ["-keyout", key.string, "-out", file.string])
    }

    private static let keyOptions = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]

    /// Signs a certificate.
    /// - Parameters:
    ///   - node: which it names.
    ///   - trusted: whose certificates its holder trusts; nil: this authority's.
    ///   - usage: what it is for; nil: everything.
    func sign(
        _ leaf: String, node: NodeID? = nil, uris: [String] = [], trusting trusted: StubAuthority? = nil,
        usage: String? = "serverAuth,clientAuth"
    ) throws -> TLSFiles {
        let base = folder.appending("\(name)-\(leaf)")
        let request = "\(base).csr"
        try StubCertificate.openssl(
            ["req", "-nodes", "-subj", "/CN=\(leaf)"] + Self.keyOptions + ["-keyout", "\(base).key", "-out", request])
        let names = (node.map { ["urn:shoal:node:\($0)"] } ?? []) + uris
        var extensions = names.isEmpty ? "" : "subjectAltName=\(names.map { "URI:\($0)" }.joined(separator: ","))\n"
        if let usage { extensions += "extendedKeyUsage=\(usage)\n" }
        try TemporaryFolder.write(extensions, to: FilePath("\(base).ext"))
        try StubCertificate.openssl([
            "x509", "-req", "-in", request, "-CA", file.string, "-CAkey", key.string, "-CAcreateserial", "-days", "2",
            "-extfile", "\(base).ext", "-out", "\(base).pem",
        ])
        return TLSFiles(
            certificate: .init(FilePath("\(base).pem"), key: "peers.tls.cert"),
            privateKey: .init(FilePath("\(base).key"), key: "peers.tls.key"),
            authority: .init((trusted ?? self).file, key: "peers.tls.ca"))
    }
}
