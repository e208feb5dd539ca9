public import OCI

extension UpstreamClient {
    private static let listTime: Duration = .seconds(15)

    /// The tags of a repository, a page at a time.
    public func tags(
        at origin: Origin, as identity: UpstreamIdentity = .node, count: Int?, last: Tag?
    ) async throws(UpstreamError) -> UpstreamList {
        var query: [(name: String, value: String)] = []
        if let count { query.append(("n", String(count))) }
        if let last { query.append(("last", last.description)) }
        return try await list(Question(origin: origin, path: "tags/list", query: query, identity: identity))
    }

    /// The manifests that have `digest` as their subject, a page at a time. Registries that do not know the question answer `.notFound`.
    public func referrers(
        of digest: Digest, at origin: Origin, as identity: UpstreamIdentity = .node, artifactType: String?,
        continuation: String? = nil
    ) async throws(UpstreamError) -> UpstreamList {
        var query = artifactType.map { [(name: "artifactType", value: $0)] } ?? []
        for pair in continuation?.split(separator: "&") ?? [] {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentCoding.decode(parts[0]),
                let value = PercentCoding.decode(parts.dropFirst().first ?? "")
            else { continue }
            query.append((name, value))
        }
        return try await list(Question(origin: origin, path: "referrers/\(digest)", query: query, identity: identity))
    }

    private func list(_ question: Question) async throws(UpstreamError) -> UpstreamList {
        let (answer, bytes) = try await collect(question, deadline: Self.listTime)
        return UpstreamList(
            body: bytes, contentType: answer.header("Content-Type") ?? "application/json", link: answer.header("Link"),
            filtersApplied: answer.header("OCI-Filters-Applied"))
    }
}
