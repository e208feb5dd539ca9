import Testing

@testable import Agent

@Suite struct ConfigurationReloadTests {
    @Test("nothing changed needs no restart")
    func same() throws {
        let configuration = try load("[store]\ncapacity = \"1GB\"")
        let (apply, needsRestart) = Configuration.reloadable(from: configuration, to: configuration)
        #expect(apply == ReloadableSettings(configuration))
        #expect(needsRestart.isEmpty)
    }

    @Test("sharing, tags and access change at once; the rest is named")
    func changes() throws {
        let new = try load(
            """
            data_dir = "/srv"
            [peers]
            allow = ["any"]
            [tags]
            policy = "peers-first"
            [share]
            exclude = ["ghcr.io/*"]
            [store]
            capacity = "20000MB"
            [upstream."a.example"]
            ca_file = "/ca"
            """)
        let (apply, needsRestart) = Configuration.reloadable(from: Configuration(), to: new)
        #expect(apply.allow.map(\.description) == ["any"])
        #expect(apply.tags.policy == .peersFirst)
        #expect(apply.share.exclude.map(\.description) == ["ghcr.io/*"])
        // The capacity is the default in other words.
        #expect(needsRestart == ["data_dir", "upstream.\"a.example\""])
    }

    @Test(
        "a key counts as reloadable exactly if a reload applies it",
        arguments: [
            ("mirror.listen", "127.0.0.1:1"), ("peers.allow", "any"), ("tags.policy", "peers-first"),
            ("tags.believe", "lan"), ("share.include", "*"), ("share.exclude", "*"), ("limits.uploads", "3"),
            ("limits.upload_rate", "1MB/s"), ("limits.download_rate", "1MB/s"), ("limits.upstream_rate", "1MB/s"),
        ])
    func flags(key: String, value: String) throws {
        let new = try load(settings: ["\(key)=\(value)"])
        let (apply, needsRestart) = Configuration.reloadable(from: Configuration(), to: new)
        let isApplied = apply != ReloadableSettings(Configuration())
        #expect(isApplied == needsRestart.isEmpty)
        #expect(isApplied == (ConfigurationKey<Configuration>.byName[key]?.change == .reload))
    }

    @Test("the sources can be read again")
    func again() throws {
        let configuration = try load(settings: ["limits.uploads=3"])
        let sources = try #require(configuration.sources)
        #expect(try sources.load(text: nil) == configuration)
    }
}
