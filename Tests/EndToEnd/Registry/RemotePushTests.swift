import FoundationEssentials
import Testing

extension EndToEnd {
    /// Pushes from hosts that run no agent: over TLS, by users of a file.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("skopeo"), .program("openssl"), .program("htpasswd")))
    struct RemotePushTests {
        @Test("a user of the file pushes over TLS from another host, and nobody else does")
        func users() async throws {
            try await LAN.with { lan in
                let folder = lan.folder.path
                let build = try await lan.machine("build", Network.first.address(40))
                let address = Network.first.address(11)
                try await Command([
                    "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=node", "-addext", "subjectAltName=IP:\(address)", "-keyout",
                    folder + "/tls.key", "-out", folder + "/tls.crt",
                ]).run()
                try await Command(["htpasswd", "-B", "-b", "-c", folder + "/htpasswd", "alice", "wonderland"]).run()
                var configuration = AgentConfiguration()
                configuration.tables = """
                    [mirror]
                    listen = ["127.0.0.1:5050", "\(address):5050"]
                    allow_remote = true
                    tls_cert = "\(folder)/tls.crt"
                    tls_key = "\(folder)/tls.key"
                    [push]
                    htpasswd = "\(folder)/htpasswd"

                    """
                let node = try await lan.node(configuration)
                try #require(node.machine.address == address)
                let certs = folder + "/certs"
                try FileManager.default.createDirectory(atPath: certs, withIntermediateDirectories: true)
                try FileManager.default.copyItem(atPath: folder + "/tls.crt", toPath: certs + "/ca.crt")
                let image = try ImageArchive.write("localhost:5050/from:v1", to: folder + "/in.tar")
                func push(_ user: String?) async throws -> Command.Result {
                    try await Command(
                        build.command(
                            [
                                "skopeo", "--insecure-policy", "copy", "--quiet", "--preserve-digests",
                                "--dest-cert-dir", certs,
                            ]
                                + (user.map { ["--dest-creds", $0] } ?? ["--dest-no-creds"])
                                + ["oci-archive:\(folder)/in.tar", "docker://\(address):5050/team/app:v1"])
                    ).result()
                }
                for user in [nil, "alice:wrong", "bob:wonderland"] {
                    let refused = try await push(user)
                    #expect(!refused.succeeded)
                    #expect(try await node.digest(of: "team/app", "v1") == nil)
                }
                let pushed = try await push("alice:wonderland")
                #expect(pushed.succeeded, "\(pushed.errors)")
                #expect(try await node.digest(of: "team/app", "v1") == image.digest)
                let log = try node.log()
                #expect(!log.contains("wonderland"))
                // Without TLS nothing is told at all.
                let plain = try await Command(
                    build.command([
                        "curl", "--silent", "--max-time", "10", "--output", "/dev/null", "--write-out", "%{http_code}",
                        "http://\(address):5050/v2/team/app/manifests/v1",
                    ])
                ).result()
                #expect(plain.text != "200")
            }
        }
    }
}
