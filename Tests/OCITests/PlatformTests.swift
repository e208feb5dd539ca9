import Testing

@testable import OCI

@Suite struct PlatformTests {
    private static func index(_ platforms: String...) throws -> ImageIndex {
        ImageIndex(
            manifests: try platforms.enumerated().map { number, text in
                Descriptor(
                    mediaType: .ociManifest,
                    digest: try Digest(algorithm: .sha256, bytes: [UInt8](repeating: UInt8(number), count: 32)),
                    size: 1,
                    platform: text == "none" ? nil : try Platform(parsing: text))
            })
    }

    @Test(
        "platforms are read as people write them",
        arguments: [
            ("linux/amd64", Platform(os: "linux", architecture: "amd64")),
            ("linux/arm/v7", Platform(os: "linux", architecture: "arm", variant: "v7")),
            ("Linux/X86_64", Platform(os: "linux", architecture: "amd64")),
            ("linux/aarch64", Platform(os: "linux", architecture: "arm64")),
            ("linux/armhf", Platform(os: "linux", architecture: "arm", variant: "v7")),
            ("linux/armel", Platform(os: "linux", architecture: "arm", variant: "v6")),
        ])
    func reading(text: String, platform: Platform) throws {
        #expect(try Platform(parsing: text) == platform)
    }

    @Test(
        "what is no platform is refused, and it is said how one is written",
        arguments: ["", "amd64", "linux/", "linux/arm/v7/x", "linux/a b", "linux/\u{1b}"])
    func nonsense(text: String) {
        let error = #expect(throws: OCIError.self) { try Platform(parsing: text) }
        #expect(error?.message.contains("linux/arm64") == true)
    }

    @Test(
        "the best manifest of an index is the newest generation that the machine runs",
        arguments: [
            ("linux/amd64", 1), ("linux/amd64/v3", 2), ("linux/amd64/v2", 1), ("linux/arm64", 3), ("linux/arm64/v8", 3),
            ("linux/arm/v7", 5), ("linux/arm", 5), ("linux/arm/v6", 4), ("linux/s390x", 6),
        ])
    func best(platform: String, place: Int) throws {
        let index = try Self.index(
            "unknown/unknown", "linux/amd64", "linux/amd64/v3", "linux/arm64/v8", "linux/arm/v6", "linux/arm/v7",
            "linux/s390x")
        #expect(index.best(for: try Platform(parsing: platform))?.digest == index.manifests[place].digest)
    }

    @Test(
        "an index has nothing for a machine that is too old, of another system or of another kind",
        arguments: ["linux/arm/v5", "windows/amd64", "linux/riscv64", "linux/386"])
    func nothing(platform: String) throws {
        let index = try Self.index("linux/arm/v6", "linux/amd64", "none")
        #expect(index.best(for: try Platform(parsing: platform)) == nil)
    }

    @Test("the platforms of an index are told once each, without what is not for running")
    func platforms() throws {
        let index = try Self.index("linux/amd64", "unknown/unknown", "linux/arm/v7", "linux/amd64", "none")
        #expect(index.platforms.map(\.description) == ["linux/amd64", "linux/arm/v7"])
    }

    @Test("a configuration tells its platform and its layers, and what is none is refused")
    func config() throws {
        let text = """
            {"os":"linux","architecture":"arm","variant":"v7","rootfs":{"type":"layers","diff_ids":["sha256:\
            \(String(repeating: "ab", count: 32))"]},"history":[]}
            """
        let config = try ImageConfig(bytes: Array(text.utf8))
        #expect(config.platform.description == "linux/arm/v7")
        #expect(config.rootfs.diffIDs.count == 1)
        #expect(throws: OCIError.self) { try ImageConfig(bytes: Array("{}".utf8)) }
    }
}
