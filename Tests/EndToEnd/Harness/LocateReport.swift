/// The parts of `shoal locate --json` that the tests look at: DESIGN's contract.
struct LocateReport: Decodable, Sendable {
    struct Holder: Decodable, Sendable {
        let name: String
    }

    let schema: Int
    let peers: [Holder]
}

extension Node {
    /// The names of the peers that hold any of an image, or a blob, as far as this node has heard.
    func holders(of query: String) async throws -> [String] {
        let result = try await shoal("locate", query, "--json")
        guard result.exit == .code(0) else { return [] }
        return try JSON.decode(LocateReport.self, result.text).peers.map(\.name)
    }

    /// Waits until this node has heard that another holds it.
    @discardableResult
    func locates(_ query: String, on other: Node, within limit: Duration = .seconds(15)) async throws -> Duration {
        try await eventually("\(name) hears that \(other.name) holds \(query)", within: limit) {
            try await holders(of: query).contains(other.name)
        }
    }

    /// Waits until this node has heard that another holds an image, its manifest and every blob.
    func locates(_ image: Fixtures.Image, on other: Node) async throws {
        for digest in [image.digest] + image.blobs.map(\.digest) { try await locates(digest, on: other) }
    }

    /// Waits until this node has heard that another does not hold it any more.
    @discardableResult
    func loses(_ query: String, on other: Node, within limit: Duration = .seconds(15)) async throws -> Duration {
        try await eventually("\(name) hears that \(other.name) does not hold \(query)", within: limit) {
            try await !holders(of: query).contains(other.name)
        }
    }
}
