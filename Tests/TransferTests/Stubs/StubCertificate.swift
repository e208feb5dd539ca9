import NIOSSL
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// A certificate made on the spot, which signs itself: whoever has its file as `ca_file` trusts it, and nobody else does.
struct StubCertificate: Sendable {
    struct Failure: Error, CustomStringConvertible { var description: String }

    /// PEM.
    let file: FilePath
    private let key: FilePath

    /// Runs `body` with a certificate for these names and addresses.
    static func with<Value>(
        names: [String] = ["localhost"], addresses: [String] = ["127.0.0.1"],
        _ body: (StubCertificate) async throws -> Value
    ) async throws -> Value {
        try await TemporaryFolder.with { folder in
            let certificate = StubCertificate(file: folder.appending("cert.pem"), key: folder.appending("key.pem"))
            let alternatives = (addresses.map { "IP:\($0)" } + names.map { "DNS:\($0)" }).joined(separator: ",")
            try openssl([
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=stub", "-addext", "subjectAltName=\(alternatives)",
                "-keyout", certificate.key.string, "-out", certificate.file.string,
            ])
            return try await body(certificate)
        }
    }

    func serverContext() throws -> NIOSSLContext {
        try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: NIOSSLCertificate.fromPEMFile(file.string).map { .certificate($0) },
                privateKey: .privateKey(NIOSSLPrivateKey(file: key.string, format: .pem))))
    }

    /// Blocks for the few milliseconds that a key of an elliptic curve takes.
    static func openssl(_ arguments: [String]) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var words: [UnsafeMutablePointer<CChar>?] = (["openssl"] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        let code = posix_spawnp(&process, "openssl", &actions, nil, &words, environ)
        guard code == 0 else { throw Failure(description: "openssl does not start: \(Errno(rawValue: code))") }
        var status: CInt = 0
        while waitpid(process, &status, 0) == -1, errno == EINTR {}
        guard status == 0 else { throw Failure(description: "openssl ended with wait status \(status)") }
    }
}
