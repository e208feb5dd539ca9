import OCI
import Testing

struct RegistryNameTests {
    @Test(
        "registries are written in one way only",
        arguments: [
            ("docker.io", "docker.io"), ("GHCR.io", "ghcr.io"), ("index.docker.io", "docker.io"),
            ("registry-1.docker.io", "docker.io"), ("Registry-1.Docker.IO", "docker.io"), ("localhost", "localhost"),
            ("registry", "registry"), ("registry:5000", "registry:5000"), ("a.b-c.d1:1", "a.b-c.d1:1"),
            ("xn--bcher-kva.example:65535", "xn--bcher-kva.example:65535"), ("10.0.0.1", "10.0.0.1"),
            ("10.0.0.1:5000", "10.0.0.1:5000"), ("[::1]", "[::1]"), ("[::1]:5000", "[::1]:5000"),
            ("[0:0:0:0:0:0:0:1]:5000", "[::1]:5000"), ("[2001:DB8::0:1]", "[2001:db8::1]"),
            ("[2001:db8:0:0:1:0:0:1]", "[2001:db8::1:0:0:1]"), ("[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]"),
            ("[::ffff:10.0.0.1]", "[::ffff:10.0.0.1]"), ("[::FFFF:0a00:1]", "[::ffff:10.0.0.1]"), ("[::]", "[::]"),
            ("[1::]", "[1::]"), ("[1:0:3:4:5:6:7:8]", "[1:0:3:4:5:6:7:8]"),
            ("[64:ff9b::1.2.3.4]", "[64:ff9b::102:304]"),
            ("1password.example", "1password.example"), ("0x.example", "0x.example"),
            (String(repeating: "a", count: 63) + ".example", String(repeating: "a", count: 63) + ".example"),
        ])
    func canonical(text: String, expected: String) throws {
        let registry = try RegistryName(text)
        #expect(registry.description == expected)
        #expect(try RegistryName(registry.description) == registry)
    }

    @Test(
        "what is no registry is refused",
        arguments: [
            "", ":", ":5000", ".", "..", "a.", ".a", "a..b", "-a", "a-", "a.-b", "a_b", "a_b.example", "_a", "a b",
            "a\0",
            "é.example", "a\n", "a/b", "https://ghcr.io", "ghcr.io/", "ghcr.io?x", "ghcr.io#", "%31", "a%2fb", "a\\b",
            "a:", "a:0", "a:00080", "a:080", "a:65536", "a:99999999999999999999", "a:-1", "a:+1", "a:x", "a:80:80",
            "a: 80",
            "1.2.3", "1.2.3.4.5", "127.1", "2130706433", "0x7f.1", "0x7f000001", "017700000001", "256.1.1.1",
            "01.2.3.4",
            "1.2.3.256", "example.0x", "example.1", "1.2.3.4.", "::1", "::1:5000", "[::1", "::1]", "[]", "[:]", "[:::]",
            "[1::2::3]", "[1:2:3:4:5:6:7]", "[1:2:3:4:5:6:7:8:9]", "[1:2:3:4:5:6:7::8:9]", "[12345::]", "[g::]",
            "[::1%lo]",
            "[fe80::1%25eth0]", "[::1]5000", "[::1]:", "[::1]:0", "[::1]:x", "[127.0.0.1]", "[::1.2.3]", "[1.2.3.4::]",
            "[:1::2]", "[1:2:3:4:5:6:7:]", "[::1]]", "[[::1]]",
            String(repeating: "a", count: 64) + ".example", String(repeating: "a.", count: 127) + "aa",
        ])
    func refused(text: String) {
        #expect(refusal { () throws(OCIError) in try RegistryName(text) }?.code == .registryInvalid)
    }

    @Test(
        "credentials in a name are refused and not repeated",
        arguments: ["user:hunter2@ghcr.io", "hunter2@ghcr.io/x", "@"])
    func credentials(text: String) {
        let error = refusal { () throws(OCIError) in try RegistryName(text) }
        #expect(error?.code == .registryInvalid)
        #expect(error?.message.contains("hunter2") == false)
    }

    @Test("host and port are told apart, brackets belong to neither")
    func parts() throws {
        let registry = try RegistryName("[2001:db8::1]:5000")
        #expect(registry.host == "2001:db8::1")
        #expect(registry.port == 5000)
        #expect(try RegistryName("GHCR.io").host == "ghcr.io")
        #expect(try RegistryName("ghcr.io").port == nil)
        #expect(RegistryName.dockerHub.description == "docker.io")
    }

    @Test(
        "names that stay on this machine are known",
        arguments: [
            ("localhost", true), ("localhost:5000", true), ("a.localhost", true), ("127.0.0.1", true),
            ("127.9.9.9:1", true),
            ("0.0.0.0", true), ("[::1]", true), ("[::]", true), ("[::ffff:127.0.0.1]", true),
            ("localhost.example", false),
            ("notlocalhost", false), ("128.0.0.1", false), ("[::2]", false), ("10.0.0.1", false), ("docker.io", false),
        ])
    func loopback(text: String, expected: Bool) throws {
        #expect(try RegistryName(text).isLoopback == expected)
    }

    @Test(
        "link-local addresses are known",
        arguments: [
            ("169.254.1.1", true), ("[fe80::1]", true), ("[febf::1]:5000", true), ("[::ffff:169.254.169.254]", true),
            ("[fec0::1]", false), ("169.253.1.1", false), ("example.com", false),
        ])
    func linkLocal(text: String, expected: Bool) throws {
        #expect(try RegistryName(text).isLinkLocal == expected)
    }
}
