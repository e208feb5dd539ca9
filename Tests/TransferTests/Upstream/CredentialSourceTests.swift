import FoundationEssentials
import OCI
import SystemPackage
import Testing

@testable import Transfer

struct DockerConfigTests {
    private func config(_ json: String) throws -> DockerConfig {
        try JSONDecoder().decode(DockerConfig.self, from: Data(json.utf8))
    }

    private func auth(_ pair: String) -> String { Data(pair.utf8).base64EncodedString() }

    @Test(
        "Docker's spellings of a registry are understood",
        arguments: [
            ("https://index.docker.io/v1/", "docker.io"), ("index.docker.io", "docker.io"), ("docker.io", "docker.io"),
            ("registry-1.docker.io", "docker.io"), ("https://registry-1.docker.io/v2/", "docker.io"),
            ("ghcr.io", "ghcr.io"), ("https://ghcr.io", "ghcr.io"), ("https://ghcr.io/v2/", "ghcr.io"),
            ("HTTPS://GHCR.io", "ghcr.io"), ("http://registry.test:5000", "registry.test:5000"),
            ("registry.test:5000", "registry.test:5000"), ("[2001:db8::1]:5000", "[2001:db8::1]:5000"),
            ("https://user:x@ghcr.io", nil), ("", nil), ("not a host", nil),
        ] as [(String, String?)])
    func spellings(key: String, registry: String?) throws {
        #expect(DockerConfig.registry(named: key)?.description == registry)
        let config = try config(#"{"auths":{"\#(key)":{"auth":"\#(auth("me:hunter2"))"}}}"#)
        if let registry {
            #expect(
                config.credential(for: try RegistryName(registry)) == .password(user: "me", Secret("hunter2")))
        }
    }

    @Test("Credentials stand there in several ways")
    func forms() throws {
        let config = try config(
            """
            {"auths": {
              "a.test": {"auth": "\(auth("me:with:colon"))"},
              "b.test": {"username": "me", "password": "p"},
              "c.test": {"auth": "\(auth("me:x"))", "identitytoken": "id"},
              "d.test": {"auth": "\(auth("me:padded\0\0"))"},
              "e.test": {}
            }}
            """)
        func credential(_ name: String) throws -> Credential? { config.credential(for: try RegistryName(name)) }
        #expect(try credential("a.test") == .password(user: "me", Secret("with:colon")))
        #expect(try credential("b.test") == .password(user: "me", Secret("p")))
        #expect(try credential("c.test") == .identityToken(Secret("id")))
        #expect(try credential("d.test") == .password(user: "me", Secret("padded")))
        #expect(try credential("e.test") == nil)
        #expect(try credential("f.test") == nil)
    }

    @Test("What makes no sense in one entry does not cost the others")
    func nonsense() throws {
        let config = try config(
            """
            {"auths": {"a.test": 5, "b.test": {"auth": 7}, "c.test": {"auth": "!"}, "d.test": {"auth": "\(auth("nocolon"))"},
              "e.test": {"auth": "\(auth(":nobody"))"}, "ok.test": {"auth": "\(auth("me:p"))"}},
             "HttpHeaders": {"X": "y"}, "credHelpers": 3}
            """)
        for name in ["a", "b", "c", "d", "e"] {
            #expect(config.credential(for: try RegistryName("\(name).test")) == nil)
        }
        #expect(config.credential(for: try RegistryName("ok.test")) != nil)
    }

    @Test("The shortest spelling of a registry counts")
    func precedence() throws {
        let config = try config(
            """
            {"auths": {"https://index.docker.io/v1/access-token": {"auth": "\(auth("wrong:x"))"},
                       "https://index.docker.io/v1/": {"auth": "\(auth("right:x"))"}}}
            """)
        #expect(config.credential(for: .dockerHub) == .password(user: "right", Secret("x")))
    }

    @Test(
        "Helpers are noticed",
        arguments: [
            (#"{"credsStore":"desktop"}"#, true), (#"{"credHelpers":{"ghcr.io":"x"}}"#, true), (#"{}"#, false),
            (#"{"credsStore":"","credHelpers":{}}"#, false),
        ])
    func helpers(json: String, expected: Bool) throws {
        #expect(try config(json).namesHelpers == expected)
    }
}

struct CredentialSourceTests {
    private let registry = RegistryName.dockerHub

    @Test("A changed password file counts at once")
    func changedPassword() async throws {
        try await TemporaryFolder.with { folder in
            let file = folder.appending("password")
            try TemporaryFolder.write("first\r\n", to: file)
            let source = CredentialSource(
                configuration: UpstreamConfiguration(
                    registries: [registry: .init(username: "me", passwordFile: file)]), logger: RecordedLog().logger)
            #expect(source.credential(for: registry) == .password(user: "me", Secret("first")))
            #expect(source.credential(for: registry) == .password(user: "me", Secret("first")))
            try TemporaryFolder.write("second one\nrest", to: file)
            #expect(source.credential(for: registry) == .password(user: "me", Secret("second one")))
        }
    }

    @Test("A table's login comes before docker's file, also when its password cannot be read")
    func precedence() async throws {
        try await TemporaryFolder.with { folder in
            let docker = folder.appending("config.json")
            try TemporaryFolder.write(#"{"auths":{"docker.io":{"username":"other","password":"x"}}}"#, to: docker)
            let log = RecordedLog()
            let source = CredentialSource(
                configuration: UpstreamConfiguration(
                    registries: [registry: .init(username: "me", passwordFile: folder.appending("missing"))],
                    dockerConfig: docker), logger: log.logger)
            #expect(source.credential(for: registry) == nil)
            #expect(source.credential(for: registry) == nil)
            #expect(log.text.count == 1)
        }
    }

    @Test("A file that makes no sense is mentioned once for each version of it, and never quoted")
    func nonsense() async throws {
        try await TemporaryFolder.with { folder in
            let docker = folder.appending("config.json")
            try TemporaryFolder.write(#"{"auths": hunter2"#, to: docker)
            let log = RecordedLog()
            let source = CredentialSource(
                configuration: UpstreamConfiguration(dockerConfig: docker), logger: log.logger)
            for _ in 0..<3 { #expect(source.credential(for: registry) == nil) }
            #expect(log.text.count == 1)
            #expect(!log.text.joined().contains("hunter2"))
            try TemporaryFolder.write(#"{"auths":{"docker.io":{"username":"me","password":"hunter2"}}}"#, to: docker)
            #expect(source.credential(for: registry) == .password(user: "me", Secret("hunter2")))
            #expect(log.text.count == 1)
        }
    }

    @Test("That helpers are not run is said once")
    func helpers() async throws {
        try await TemporaryFolder.with { folder in
            let docker = folder.appending("config.json")
            try TemporaryFolder.write(
                #"{"credsStore":"desktop","auths":{"https://index.docker.io/v1/":{}}}"#, to: docker)
            let log = RecordedLog()
            let source = CredentialSource(
                configuration: UpstreamConfiguration(dockerConfig: docker), logger: log.logger)
            for _ in 0..<3 { #expect(source.credential(for: registry) == nil) }
            #expect(log.text.filter { $0.contains("not run") }.count == 1)
        }
    }

    @Test("A username without a password file is no credential, and is mentioned")
    func noPasswordFile() {
        let log = RecordedLog()
        let source = CredentialSource(
            configuration: UpstreamConfiguration(registries: [registry: .init(username: "me")]), logger: log.logger)
        #expect(source.credential(for: registry) == nil)
        #expect(log.text.count == 1)
    }
}
