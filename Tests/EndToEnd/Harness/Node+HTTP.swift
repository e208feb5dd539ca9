import FoundationEssentials

/// An answer to a small request.
struct HTTPAnswer: Sendable {
    /// 0 when there was none.
    let status: Int
    /// Names in lower case.
    let headers: [String: String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
}

extension Node {
    /// Asks from this node, by curl. `options` are curl's own.
    func get(_ url: String, _ options: [String] = [], within limit: Duration = .seconds(60)) async throws -> HTTPAnswer
    {
        let folder = try TemporaryFolder()
        let result = try await Command(
            machine.command(
                [
                    "curl", "--silent", "--max-time", "\(limit.components.seconds)", "--dump-header",
                    folder.path + "/head",
                ]
                    + ["--output", folder.path + "/body", "--write-out", "%{http_code}"] + options + [url]),
            within: limit + .seconds(5)
        ).result()
        let files = FileManager.default
        let head = files.contents(atPath: folder.path + "/head") ?? Data()
        var headers: [String: String] = [:]
        for line in String(decoding: head, as: UTF8.self).split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            headers[line[..<colon].lowercased()] = String(value)
        }
        return HTTPAnswer(
            status: Int(result.text) ?? 0, headers: headers,
            body: [UInt8](files.contents(atPath: folder.path + "/body") ?? Data()))
    }

    /// Asks this node's mirror as containerd does, with the registry as `ns`; without one, in path form.
    func mirror(
        _ path: String, _ options: [String] = [], namespace: String? = "registry.test"
    ) async throws -> HTTPAnswer {
        try await get("http://127.0.0.1:5050/v2/\(path)" + (namespace.map { "?ns=\($0)" } ?? ""), options)
    }
}
