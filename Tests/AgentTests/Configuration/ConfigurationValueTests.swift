import OCI
import Testing

@testable import Agent

@Suite struct ConfigurationValueTests {
    @Test(
        "sizes are read as they are written",
        arguments: [
            ("20GB", 20_000_000_000), ("20 GB", 20_000_000_000), ("1GiB", 1 << 30), ("512MiB", 512 << 20), ("0", 0),
            ("1001", 1001), ("7B", 7), ("3kB", 3000), ("3KB", 3000), ("4KiB", 4096), ("2TB", 2_000_000_000_000),
            ("1TiB", 1 << 40), ("9223372036854775807", Int64.max),
        ] as [(String, Int64)])
    func sizes(text: String, bytes: Int64) {
        #expect(ByteSize(text: text)?.bytes == bytes)
    }

    @Test(
        "what is no size is refused",
        arguments: [
            "", "GB", "-1", "+1", "1.5GB", "1Gb", "1gb", "1G", "20GB ", "٣GB", "9223372036854775808", "9000000TiB",
        ])
    func badSizes(text: String) {
        // A space at the end is trimmed with the one before the unit.
        #expect((ByteSize(text: text) == nil) == (text != "20GB "))
    }

    @Test(
        "sizes are written with the largest unit that fits",
        arguments: [("20000MB", "20GB"), ("1024MiB", "1GiB"), ("1001", "1001"), ("0", "0"), ("1000", "1kB")])
    func sizeTexts(text: String, shown: String) {
        #expect(ByteSize(text: text)?.description == shown)
    }

    @Test(
        "periods are read as they are written, and written in days at most",
        arguments: [
            ("30d", 2_592_000, "30d"), ("2w", 1_209_600, "14d"), ("12h", 43_200, "12h"), ("90m", 5_400, "90m"),
            ("60 m", 3_600, "1h"), ("7s", 7, "7s"),
        ] as [(String, Int64, String)])
    func periods(text: String, seconds: Int64, shown: String) {
        #expect(TimePeriod(text: text)?.seconds == seconds)
        #expect(TimePeriod(text: text)?.description == shown)
    }

    @Test(
        "what is no period is refused",
        arguments: ["", "30", "d", "0d", "-1d", "1.5d", "1D", "1y", "٣d", "9223372036854775807w", "40000d"])
    func badPeriods(text: String) {
        #expect(TimePeriod(text: text) == nil)
    }

    @Test("a rate is more than nothing in a second", arguments: ["80MB", "0MB/s", "/s", "80MB/min", "80 MB/ s"])
    func badRates(text: String) {
        #expect(ByteRate(text: text) == nil)
    }

    @Test(
        "addresses to listen on are canonical",
        arguments: [
            ("127.0.0.1:5050", "127.0.0.1:5050", true), ("[::0001]:80", "[::1]:80", true),
            ("[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]:80", true), ("0.0.0.0:0", "0.0.0.0:0", false),
            ("[::]:65535", "[::]:65535", false), ("127.9.9.9:1", "127.9.9.9:1", true),
        ])
    func endpoints(text: String, shown: String, isLoopback: Bool) throws {
        let endpoint = try #require(ListenEndpoint(text: text))
        #expect(endpoint.description == shown)
        #expect(endpoint.isLoopback == isLoopback)
    }

    @Test(
        "what is no address to listen on is refused",
        arguments: [
            "", ":5050", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.1:80", "[127.0.0.1]:80",
            "::1:80", "[::1]", "localhost:80", "[fe80::1%lo]:80", "127.0.0.1:+80", "127.0.0.1:٣",
        ])
    func badEndpoints(text: String) {
        #expect(ListenEndpoint(text: text) == nil)
    }

    @Test("peers are named by host and port", arguments: ["Node-7.lan:5051", "10.0.0.1:1", "[fd00::1]:5051", "a_b:1"])
    func hosts(text: String) {
        #expect(PeerHost(text: text)?.description == text.lowercased())
    }

    @Test(
        "what names no peer is refused", arguments: ["a", "a:0", "a b:1", "a..b:1", "[a]:1", "fd00::1:5051", "1.2.3:1"])
    func badHosts(text: String) {
        #expect(PeerHost(text: text) == nil)
    }

    @Test(
        "a star stands for any text",
        arguments: [
            ("docker.io/library/*", "docker.io/library/nginx", true), ("docker.io/library/*", "docker.io/a/b", false),
            ("*", "ghcr.io/a/b/c", true), ("ghcr.io/*", "ghcr.io/a/b/c", true),
            ("*/nginx", "docker.io/library/nginx", true),
            ("*.example.com/*", "r.example.com/x", true), ("*.example.com/*", "example.com/x", false),
            ("ghcr.io/a", "ghcr.io/a", true), ("ghcr.io/a", "ghcr.io/ab", false),
            ("ghcr.io/*b*d", "ghcr.io/abcbd", true),
            ("localhost:5000/*", "localhost:5000/x", true),
        ])
    func patterns(pattern: String, origin: String, matches: Bool) throws {
        #expect(try #require(SharePattern(text: pattern)).matches(Origin(origin)) == matches)
    }

    @Test(
        "the local namespace is named by its registry, however that is written",
        arguments: [
            ("localhost:5050/team/*", "team/app", true), ("localhost:5050/team/*", "other/app", false),
            ("127.0.0.1:5050/team/app", "team/app", true), ("[::1]:5050/*", "team/app", true),
            ("*", "team/app", true), ("*/team/app", "team/app", true), ("localhost:5000/*", "team/app", false),
            ("team/*", "team/app", false), ("docker.io/*", "team/app", false),
        ])
    func localPatterns(pattern: String, repository: String, matches: Bool) throws {
        let pattern = try #require(SharePattern(text: pattern))
        #expect(try pattern.matches(local: RepositoryName(repository)) == matches)
    }

    @Test("a pattern of many stars costs no more than its length times the text's")
    func hostilePattern() throws {
        let pattern = try #require(SharePattern(text: String(repeating: "*a", count: 200) + "/b"))
        #expect(!pattern.matches(String(repeating: "a", count: 255)))
    }

    @Test(
        "what is no pattern is refused",
        arguments: [
            "", "nginx", "docker.io", "/a", "a/", "Docker.io/*", "a/b?", "a/b c",
            String(repeating: "*/", count: 300) + "a",
        ])
    func badPatterns(text: String) {
        #expect(SharePattern(text: text) == nil)
    }

    @Test(
        "URLs of registries are plain",
        arguments: [
            ("https://a.example", "https://a.example"), ("https://a.example:5000/x/", "https://a.example:5000/x"),
            ("http://[::1]:80//", "http://[::1]:80"),
        ])
    func urls(text: String, shown: String) {
        #expect(UpstreamURL(text: text)?.description == shown)
    }

    @Test(
        "what is no URL of a registry is refused",
        arguments: [
            "", "a.example", "ftp://a", "https://", "https://a b", "https://u:p@a", "https://a?x", "https://a#x",
        ])
    func badURLs(text: String) {
        #expect(UpstreamURL(text: text) == nil)
    }

    @Test(
        "a name is suggested only where it is close",
        arguments: [
            ("mirror.listne", "mirror.listen"), ("capacity", "store.capacity"), ("mirrr.listen", "mirror.listen"),
            ("xyzzy", nil), ("peers.keyfile", "peers.key_file"),
        ] as [(String, String?)])
    func suggestions(name: String, nearest: String?) {
        #expect(NearestName.of(name, among: ConfigurationKey<Configuration>.all.map(\.name)) == nearest)
    }
}
