import FoundationEssentials
import OCI
import Testing

@testable import Transfer

struct RedirectTrailTests {
    private func visit(
        _ urls: [String], registry: String = "registry.test", _ table: UpstreamConfiguration.Registry? = nil
    ) throws -> [WebOrigin] {
        let endpoint = try Endpoint(try RegistryName(registry), table)
        var trail = RedirectTrail(limit: 5)
        return try urls.map { try trail.visit(try #require(URL(string: $0)), endpoint) }
    }

    @Test("Five redirects are followed, a sixth is not")
    func limit() throws {
        let urls = (0...5).map { "https://registry.test/\($0)" }
        #expect(try visit(urls).count == 6)
        #expect(throws: TransportFailure.self) { try visit(urls + ["https://registry.test/6"]) }
    }

    @Test("A circle is left at once")
    func circle() {
        let error = #expect(throws: TransportFailure.self) {
            try visit(["https://registry.test/a", "https://cdn.test/b", "https://registry.test/a"])
        }
        #expect(error?.kind == .nonsense)
    }

    @Test(
        "What leads to plain HTTP, to this machine or to the link is refused",
        arguments: [
            "http://cdn.test/b", "https://localhost/b", "https://127.0.0.1/b", "https://[::1]/b",
            "https://169.254.169.254/latest/meta-data", "https://[fe80::1]/b", "https://0.0.0.0/b",
            "https://[::ffff:127.0.0.1]/b", "https://LOCALHOST:8443/b",
        ])
    func refusals(target: String) {
        let error = #expect(throws: TransportFailure.self) { try visit(["https://registry.test/a", target]) }
        #expect(error?.kind == .notAllowed)
    }

    @Test("A table for a loopback registry does not open other loopback hosts")
    func otherLoopback() throws {
        let table = UpstreamConfiguration.Registry(url: "http://127.0.0.1:5000")
        #expect(try visit(["http://127.0.0.1:5000/a", "http://127.0.0.1:6000/b"], table).count == 2)
        let error = #expect(throws: TransportFailure.self) {
            try visit(["http://127.0.0.1:5000/a", "https://127.0.0.2/b"], table)
        }
        #expect(error?.kind == .notAllowed)
    }

    @Test("plain_http = true lets redirects lead to plain HTTP, but not to loopback")
    func plainHTTP() throws {
        let table = UpstreamConfiguration.Registry(plainHTTP: true)
        #expect(try visit(["http://registry.test/a", "http://cdn.test/b"], table).count == 2)
        #expect(throws: TransportFailure.self) { try visit(["http://registry.test/a", "http://127.0.0.1/b"], table) }
    }

    @Test("Only http and https are followed", arguments: ["file:///etc/passwd", "unix:///run/x", "ftp://cdn.test/"])
    func schemes(target: String) {
        #expect(throws: TransportFailure.self) { try visit(["https://registry.test/a", target]) }
    }
}
