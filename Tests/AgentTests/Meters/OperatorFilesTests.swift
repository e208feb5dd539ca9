import FoundationEssentials
import Testing

@testable import Agent

/// The dashboard and the alerts speak of metrics that there are.
@Suite struct OperatorFilesTests {
    private static func text(_ path: String) throws -> String {
        let root = #filePath.dropLast("/Tests/AgentTests/Meters/OperatorFilesTests.swift".count)
        return try String(decoding: Data(contentsOf: URL(filePath: "\(root)/\(path)")), as: UTF8.self)
    }

    private static func exposition() throws -> [Substring] {
        var status = try StatusSnapshot.sample()
        status.node.files = FileUsage(open: 1, limit: 2)
        return MetricsText(status).description.split(separator: "\n")
    }

    /// Names of samples, such as a histogram's buckets, too.
    private static func exposed() throws -> Set<String> {
        Set(try exposition().filter { !$0.hasPrefix("#") }.map { String($0.prefix { $0 != "{" && $0 != " " }) })
    }

    @Test(
        "every metric that is named there is exposed",
        arguments: [
            "deploy/grafana/shoal.json", "deploy/prometheus/shoal.rules.yml", "deploy/prometheus/shoal.rules.test.yml",
        ])
    func names(path: String) throws {
        let named = Set(try Self.text(path).matches(of: #/\b(?:shoal|process)_[a-z_]+/#).map { String($0.output) })
        #expect(named.count >= 5)
        #expect(named.subtracting(try Self.exposed()).sorted() == [])
    }

    @Test("every metric is in the documentation, and nothing else is")
    func documented() throws {
        let exposed = Set(
            try Self.exposition().filter { $0.hasPrefix("# TYPE ") }.map { String($0.split(separator: " ")[2]) })
        let table = try Self.text("docs/operations.md").split(separator: "\n").filter { $0.hasPrefix("| `") }
            .compactMap { $0.firstMatch(of: #/^\| `((?:shoal|process)_[a-z_]+)/#).map { String($0.output.1) } }
        #expect(Set(table).symmetricDifference(exposed).sorted() == [])
    }

    @Test("the dashboard is one that Grafana reads, and each panel asks something")
    func dashboard() throws {
        struct Dashboard: Decodable {
            struct Panel: Decodable {
                struct Target: Decodable { let expr: String }
                let title: String
                let type: String
                let targets: [Target]?
            }
            let title: String
            let schemaVersion: Int
            let panels: [Panel]
        }
        let dashboard = try JSONDecoder().decode(
            Dashboard.self, from: Data(try Self.text("deploy/grafana/shoal.json").utf8))
        #expect(dashboard.schemaVersion >= 36)
        #expect(dashboard.panels.allSatisfy { $0.type == "row" || $0.targets?.isEmpty == false })
        #expect(Set(dashboard.panels.map(\.title)).count == dashboard.panels.count)
    }
}
