import FoundationEssentials
import NIOCore
import OCI
import Testing

@testable import Transfer

struct EndpointTests {
    private func endpoint(_ registry: String, _ table: UpstreamConfiguration.Registry? = nil) throws -> Endpoint {
        try Endpoint(try RegistryName(registry), table)
    }

    @Test(
        "A registry is asked over https at its own name, Docker Hub at its registry",
        arguments: [
            ("docker.io", "https://registry-1.docker.io"), ("ghcr.io", "https://ghcr.io"),
            ("registry.test:5000", "https://registry.test:5000"), ("[2001:db8::1]:5000", "https://[2001:db8::1]:5000"),
        ])
    func defaults(registry: String, url: String) throws {
        #expect(try endpoint(registry).base.absoluteString == url)
    }

    @Test("Where no table names a registry, its own host may not be on loopback either")
    func unnamed() throws {
        let (unnamed, named) = (
            try endpoint("other.test"), try endpoint("other.test", UpstreamConfiguration.Registry())
        )
        #expect(unnamed.origin == named.origin)
        #expect(!unnamed.isNamed(unnamed.origin))
        #expect(named.isNamed(named.origin))
    }

    @Test(
        "A table says where a registry is",
        arguments: [
            (.init(url: "https://mirror.test:8443/"), "https://mirror.test:8443"),
            (.init(url: "https://mirror.test/prefix//"), "https://mirror.test/prefix"),
            (.init(url: "http://mirror.test", plainHTTP: true), "http://mirror.test"),
            (.init(plainHTTP: true), "http://registry.test"), (.init(url: ""), "https://registry.test"),
            (.init(url: "http://127.0.0.1:5000"), "http://127.0.0.1:5000"),
            (.init(url: "http://[::1]:5000"), "http://[::1]:5000"),
            (.init(url: "http://localhost:5000"), "http://localhost:5000"),
        ] as [(UpstreamConfiguration.Registry, String)])
    func tables(table: UpstreamConfiguration.Registry, url: String) throws {
        #expect(try endpoint("registry.test", table).base.absoluteString == url)
    }

    @Test(
        "A url that is none of a registry is refused",
        arguments: [
            "ftp://registry.test", "registry.test", "https://", "https://registry.test?x=1", "https://registry.test#x",
            "https://user:hunter2@registry.test", "https://user@registry.test", "/etc/passwd", "http://registry.test",
        ])
    func badURLs(url: String) throws {
        let error = try #require(throws: UpstreamError.self) {
            try endpoint("registry.test", .init(url: url))
        }
        #expect(error.code == .notAllowed)
        #expect(!error.message.contains("hunter2"))
    }

    @Test(
        "A registry on loopback or link-local is refused, unless a table names it",
        arguments: [
            "localhost:5000", "x.localhost", "127.0.0.1", "127.1.2.3:5000", "[::1]", "169.254.169.254", "[fe80::1]",
            "0.0.0.0", "[::]", "[::ffff:127.0.0.1]:80", "[::ffff:169.254.169.254]",
        ])
    func loopback(registry: String) throws {
        let error = try #require(throws: UpstreamError.self) { try endpoint(registry) }
        #expect(error.code == .notAllowed)
        #expect(error.message.contains("[upstream."))
        _ = try endpoint(registry, .init())
    }

    @Test("Plain HTTP is for hosts that a table allows it for, and for the loopback host that it names")
    func plainHTTP() throws {
        func origin(_ url: String) throws -> WebOrigin { try #require(URL(string: url).flatMap { WebOrigin($0) }) }
        let loopback = try endpoint("registry.test", .init(url: "http://127.0.0.1:5000"))
        #expect(loopback.allowsPlainHTTP(to: try origin("http://127.0.0.1:6000")))
        #expect(!loopback.allowsPlainHTTP(to: try origin("http://storage.test")))
        #expect(!loopback.allowsPlainHTTP(to: try origin("http://127.0.0.2:5000")))
        let plain = try endpoint("registry.test", .init(plainHTTP: true))
        #expect(plain.allowsPlainHTTP(to: try origin("http://storage.test")))
        #expect(!(try endpoint("registry.test").allowsPlainHTTP(to: try origin("http://registry.test"))))
    }

    @Test("Queries are encoded")
    func query() throws {
        let url = try endpoint("registry.test").url(
            "a/b/referrers/sha256:00", query: [("artifactType", "application/x+json;a=\"b c\"&d#")])
        #expect(
            url?.absoluteString
                == "https://registry.test/v2/a/b/referrers/sha256:00?artifactType=application%2Fx%2Bjson%3Ba%3D%22b%20c%22%26d%23"
        )
    }

    @Test(
        "An address is judged by its bytes",
        arguments: [
            ("127.0.0.1", true), ("127.255.255.254", true), ("0.0.0.0", true), ("0.1.2.3", true), ("169.254.0.1", true),
            ("169.253.0.1", false), ("10.0.0.1", false), ("192.168.1.1", false), ("8.8.8.8", false), ("::1", true),
            ("::", true), ("fe80::1", true), ("febf::1", true), ("fec0::1", false), ("fd00::1", false),
            ("2001:db8::1", false), ("::ffff:127.0.0.1", true), ("::ffff:10.0.0.1", false), ("::ffff:0.0.0.0", true),
        ])
    func addresses(text: String, isForbidden: Bool) throws {
        #expect(AddressRules.isForbidden(try SocketAddress(ipAddress: text, port: 443)) == isForbidden)
        #expect(AddressRules.isForbidden(host: text) == isForbidden)
    }

    @Test("A unix socket is no address of a registry")
    func unixSocket() throws {
        #expect(AddressRules.isForbidden(try SocketAddress(unixDomainSocketPath: "/run/x.sock")))
    }

    @Test("A name is not judged before it is resolved, but for localhost", arguments: ["localhost.example.com", "vm"])
    func names(host: String) {
        #expect(!AddressRules.isForbidden(host: host))
    }
}
