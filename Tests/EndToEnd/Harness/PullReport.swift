/// The parts of `shoal pull --json` that the tests look at: docs/operations.md.
struct PullReport: Sendable {
    struct Line: Decodable, Sendable {
        struct Source: Decodable, Sendable {
            let kind: String
            let name: String?
            let bytes: Int
        }

        let event: String
        let into: String?
        let namespace: String?
        let digest: String?
        let kind: String?
        let state: String?
        let sources: [Source]?
        let code: String?
        let reason: String?
        let mend: String?
        let unpacked: Bool?
    }

    struct Bytes: Decodable, Sendable {
        let present: Int
        let store: Int
        let peers: Int
        let upstream: Int
    }

    private struct End: Decodable {
        let bytes: Bytes
        let size: Int
        let seconds: Double
    }

    let lines: [Line]
    let bytes: Bytes
    /// Of all blobs.
    let size: Int
    let seconds: Double

    fileprivate init(_ text: String) throws {
        let texts = text.split(separator: "\n").map(String.init)
        lines = try texts.map { try JSON.decode(Line.self, $0) }
        let end = try JSON.decode(End.self, texts.last ?? "")
        (bytes, size, seconds) = (end.bytes, end.size, end.seconds)
    }

    /// The states that blobs ended in.
    var states: Set<String> {
        var last: [String: String] = [:]
        for line in lines where line.event == "blob" { last[line.digest ?? ""] = line.state }
        return Set(last.values)
    }

    /// Who gave bytes.
    var sources: Set<String> {
        Set(lines.flatMap { $0.sources ?? [] }.filter { $0.bytes > 0 }.map { $0.name ?? $0.kind })
    }
}

extension Node {
    /// `shoal pull --json`, which must succeed.
    func pull(_ image: String, _ options: String...) async throws -> PullReport {
        let result = try await Command(
            machine.command(
                [Environment.binary, "pull", "--json", image] + options + ["--socket", folder + "/shoal.sock"])
        ).result()
        guard result.succeeded else { throw HarnessError("shoal pull \(image) failed: \(result.errors)") }
        return try PullReport(result.text)
    }
}
