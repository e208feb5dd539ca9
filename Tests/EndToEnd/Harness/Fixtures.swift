import Testing

/// The images that `deploy/lib/fixtures` made, and the registry storage that holds them.
struct Fixtures: Sendable {
    struct Image: Sendable, Decodable {
        struct Blob: Sendable, Decodable {
            let digest: String
            let size: Int
        }

        let repository: String
        let tag: String
        let digest: String
        let blobs: [Blob]
        /// One whole copy: config, layers and manifests.
        let bytes: Int

        /// The reference by tag: `registry.test/debian/demo:1`.
        func tagged(at registry: String = "registry.test") -> String { "\(registry)/\(repository):\(tag)" }

        /// The reference by digest.
        func pinned(at registry: String = "registry.test") -> String { "\(registry)/\(repository)@\(digest)" }

        var largestBlob: Blob { get throws { try #require(blobs.max { $0.size < $1.size }) } }
    }

    /// A docker-registry's storage.
    let storage: String
    private let images: [Image]

    /// Six layers of 100 MiB and more; one layer; one layer of other content under the next tag; two platforms; 1 GiB.
    enum Name: String {
        case demo = "debian/demo:1"
        case small = "debian/small:1"
        case smallNext = "debian/small:2"
        case multi = "debian/multi:1"
        case hubSmall = "library/small:1"
        case big = "debian/big:1"
    }

    /// Makes what is not there yet, which takes half a minute once per machine.
    static func image(_ name: Name) async throws -> Image {
        let fixtures = try await load(big: name == .big)
        return try #require(fixtures.images.first { "\($0.repository):\($0.tag)" == name.rawValue })
    }

    static func load(big: Bool = false) async throws -> Fixtures {
        let folder = try await Command(
            ["\(Environment.root)/deploy/lib/fixtures"] + (big ? ["--big"] : []), within: .seconds(600)
        ).run().split(separator: "\n").last.map(String.init)
        let path = try #require(folder)
        return try Fixtures(
            storage: path + "/registry", images: JSON.decode([Image].self, file: path + "/images.json"))
    }
}
