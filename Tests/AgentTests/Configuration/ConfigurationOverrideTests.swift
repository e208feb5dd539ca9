import OCI
import SystemPackage
import Testing

@testable import Agent

@Suite struct ConfigurationOverrideTests {
    @Test("the environment overrides the file, --set overrides both, the last --set wins")
    func precedence() throws {
        let file = "[store]\ncapacity = \"1GB\"\n[limits]\nuploads = 1\n[discovery]\nport = 1"
        let configuration = try load(
            file, environment: ["SHOAL_STORE_CAPACITY": "2GB", "SHOAL_LIMITS_UPLOADS": "2"],
            settings: ["store.capacity=4GB", "store.capacity=3GB"])
        #expect(configuration.store.capacity.bytes == 3_000_000_000)
        #expect(configuration.limits.uploads == 2)
        #expect(configuration.discovery.port.number == 1)
    }

    @Test("every key but those of upstream tables has a variable of its own")
    func variables() {
        let variables = ConfigurationKey<Configuration>.all.map(\.variable)
        #expect(Set(variables).count == variables.count)
        #expect(variables.contains("SHOAL_RUNTIME_CONTAINERD_ADDRESS"))
        #expect(variables.contains("SHOAL_DATA_DIR"))
    }

    @Test("lists are separated by commas, and empty text is an empty list")
    func lists() throws {
        let configuration = try load(
            environment: ["SHOAL_MIRROR_LISTEN": "127.0.0.1:1, [::1]:2", "SHOAL_PEERS_ALLOW": ""])
        #expect(configuration.mirror.listen.map(\.description) == ["127.0.0.1:1", "[::1]:2"])
        #expect(configuration.peers.allow.isEmpty)
        #expect(configuration.isSet("peers.allow"))
    }

    @Test(
        "a wrong value is told with the variable or --set, and the key",
        arguments: [
            (
                ["SHOAL_STORE_CAPACITY": "much"], [],
                "SHOAL_STORE_CAPACITY: store.capacity must be a size such as \"20GB\" or \"512MiB\", not \"much\""
            ),
            (
                ["SHOAL_DISCOVERY_MDNS": "1"], [],
                "SHOAL_DISCOVERY_MDNS: discovery.mdns must be true or false, not \"1\""
            ),
            (
                ["SHOAL_LIMITS_UPLOADS": "ten"], [],
                "SHOAL_LIMITS_UPLOADS: limits.uploads must be a number from 1 to 65536, not \"ten\""
            ),
            (
                [:], ["mirror.listen=a,b"],
                "--set: mirror.listen must be an address and port such as \"127.0.0.1:5050\" or \"[::1]:5050\", not \"a\""
            ),
            ([:], ["stor.capacity=1"], "--set: stor.capacity is not a key; did you mean store.capacity?"),
            (
                [:], ["upstream.registry.example.com.plain_http=true"],
                "--set: upstream.registry.example.com.plain_http is not a key: put the whole name of the registry in "
                    + "quotes, upstream.\"registry.example.com\".plain_http"
            ),
            (
                [:], [#"upstream."a b".url=https://x"#],
                "--set: [upstream.…]: registry name 'a b' is not valid: a host name consists of letters, digits, '-' "
                    + "and '.'"
            ),
        ])
    func refusals(environment: [String: String], settings: [String], line: String) {
        #expect(refusal(environment: environment, settings: settings) == line)
    }

    @Test("--set without a key or a value is refused", arguments: ["", "a", "=x", "a..b=1", #"a."b=1"#, #"a"b"=1"#])
    func malformed(setting: String) throws {
        let line = try #require(refusal(settings: [setting]))
        #expect(line.hasPrefix("--set: wants key=value"))
    }

    @Test("--set reaches the table of a registry whose name is in quotes")
    func upstream() throws {
        let configuration = try load(settings: [#"upstream."localhost:5000".plain_http=true"#])
        let upstream = try #require(configuration.upstream[RegistryName("localhost:5000")])
        #expect(upstream.plainHTTP)
        #expect(configuration.isSet(#"upstream."localhost:5000".plain_http"#))
    }

    @Test("--set and the file may spell one registry in two ways")
    func spellings() throws {
        let configuration = try load(
            "[upstream.\"docker.io\"]\nplain_http = true", settings: [#"upstream."index.docker.io".ca_file=/ca"#])
        #expect(configuration.upstream == [.dockerHub: .init(plainHTTP: true, caFile: "/ca")])
    }

    @Test("a variable that nothing means is a warning, and no other variable is looked at")
    func unknownVariables() throws {
        let configuration = try load(environment: [
            "SHOAL_MIRROR_LISTNE": "x", "SHOAL_SERVICE_HOST": "10.0.0.1", "SHOAL_UPSTREAM_X_URL": "y", "HOME": "/root",
        ])
        #expect(
            configuration.warnings == [
                "SHOAL_MIRROR_LISTNE is ignored: no key has this variable; did you mean SHOAL_MIRROR_LISTEN?",
                "SHOAL_SERVICE_HOST is ignored: no key has this variable",
                "SHOAL_UPSTREAM_X_URL is ignored: upstream tables are set in the file or with --set",
            ])
        #expect(configuration.sources?.environment["HOME"] == nil)
    }
}
