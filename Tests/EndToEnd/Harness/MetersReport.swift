/// The parts of `shoal status --json` that count over time: docs/operations.md.
struct MetersReport: Decodable, Sendable {
    struct PeerFacts: Decodable, Sendable {
        let name: String
        let receivedBytes: Int
        let blamed: Bool

        enum CodingKeys: String, CodingKey {
            case name, blamed
            case receivedBytes = "received_bytes"
        }
    }

    struct Saved: Decodable, Sendable {
        let upstreamBytes: Int

        enum CodingKeys: String, CodingKey {
            case upstreamBytes = "upstream_bytes"
        }
    }

    let bytes: StatusReport.Bytes
    let today: StatusReport.Bytes
    let saved: Saved
    let requests: StatusReport.Requests
    let peers: [PeerFacts]
}

/// `GET /api/v1/history`.
struct HistoryReport: Decodable, Sendable {
    let schema: Int
    let step: Int
    let end: String
    let store: [Int]
    let peers: [Int]
    let upstream: [Int]
    let served: [Int]

    enum CodingKeys: String, CodingKey {
        case schema, end, store, peers, upstream, served
        case step = "step_s"
    }
}

/// The samples of `/metrics`, by name and labels as they stand there.
struct MetricsReport: Sendable {
    let text: String
    let samples: [String: Double]

    init(_ text: String) throws {
        self.text = text
        var samples: [String: Double] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: " ")
            guard words.count == 2, let value = Double(words[1]) else { throw HarnessError("not a sample: \(line)") }
            samples[String(words[0])] = value
        }
        self.samples = samples
    }

    /// A sample that must be there.
    func callAsFunction(_ name: String) throws -> Int {
        guard let value = samples[name] else { throw HarnessError("there is no sample \(name)") }
        return Int(value)
    }

    /// For all reasons but that they are the node's own.
    var droppedDatagrams: Int {
        let dropped = samples.filter {
            $0.key.hasPrefix("shoal_beacon_dropped_total{") && !$0.key.contains(#"reason="own""#)
        }
        return Int(dropped.values.reduce(0, +))
    }
}

extension Node {
    func meters() async throws -> MetersReport {
        let result = try await shoal("status", "--json")
        guard result.succeeded else { throw HarnessError("shoal status failed: \(result.errors)") }
        return try JSON.decode(MetersReport.self, result.text)
    }

    func history() async throws -> HistoryReport {
        try JSON.decode(HistoryReport.self, try await get("http://127.0.0.1:5052/api/v1/history").text)
    }

    func metrics() async throws -> MetricsReport {
        try MetricsReport(try await get("http://127.0.0.1:5052/metrics").text)
    }
}
