/// The parts of `shoal explain --json` that the tests look at: docs/operations.md.
struct StoryReport: Decodable, Sendable {
    struct Bytes: Decodable, Sendable {
        let store: Int
        let peers: Int
        let upstream: Int

        var all: Int { store + peers + upstream }
    }

    struct Failure: Decodable, Sendable {
        let reason: String
        let count: Int
    }

    struct Source: Decodable, Sendable {
        let kind: String
        let name: String?
        let bytes: Int
        let requests: Int
        let held: Bool
        let failures: [Failure]
    }

    struct Blob: Decodable, Sendable {
        let digest: String
        let size: Int?
        let bytes: Bytes
        let sources: [Source]
        let verified: String
        let outcome: String
    }

    struct Pull: Decodable, Sendable {
        let id: String
        let image: String
        let digest: String?
        let by: String
        let bytes: Bytes
        let blobs: [Blob]
        let outcome: String

        /// What it had from whom, by the names of nodes; what is no peer by its kind.
        var given: [String: Int] {
            var given: [String: Int] = [:]
            for source in blobs.flatMap(\.sources) where source.bytes > 0 {
                given[source.name ?? source.kind, default: 0] += source.bytes
            }
            return given
        }

        /// Why sources of that name gave nothing, or no more.
        func failures(of name: String) -> [String] {
            blobs.flatMap(\.sources).filter { ($0.name ?? $0.kind) == name }.flatMap(\.failures).map(\.reason)
        }
    }

    struct Place: Decodable, Sendable {
        struct Holder: Decodable, Sendable {
            let name: String
        }

        let digest: String
        let here: Bool
        let peers: [Holder]
        let upstream: String
    }

    let pulls: [Pull]
    let now: [Place]
}

extension Node {
    /// `shoal explain --json`, once it tells of so many pulls.
    func story(of image: String, pulls: Int = 1) async throws -> StoryReport {
        var report: StoryReport?
        // A pull that leaves blobs out is over when nothing has been asked for ten seconds.
        try await eventually(
            "\(name) tells of \(pulls) pulls of \(image)", within: .seconds(30), every: .milliseconds(200)
        ) {
            let result = try await shoal("explain", image, "--json")
            guard result.succeeded else { return false }
            report = try JSON.decode(StoryReport.self, result.text)
            return report?.pulls.count ?? 0 >= pulls
        }
        guard let report else { throw HarnessError("\(name) does not explain \(image)") }
        return report
    }
}
