import FoundationEssentials
public import OCI

/// A list that a registry, or this node, answers.
public struct ListAnswer: Sendable {
    public var body: [UInt8]
    public var contentType: String
    /// The target of the `Link` header's `rel="next"`, relative to the list's own path; nil on the last page.
    public var nextQuery: String?
    /// `OCI-Filters-Applied`, where upstream sent one.
    public var filtersApplied: String?

    public init(body: [UInt8], contentType: String, nextQuery: String? = nil, filtersApplied: String? = nil) {
        self.body = body
        self.contentType = contentType
        self.nextQuery = nextQuery
        self.filtersApplied = filtersApplied
    }

    /// A page of a repository's tags, in the order of the specification (distribution-spec, "Listing Tags").
    /// - Parameters:
    ///   - count: how many at most; nil: all.
    ///   - last: the last tag of the page before.
    public static func tags(
        _ tags: some Sequence<Tag>, of repository: RepositoryName, count: Int?, last: Tag?
    ) -> ListAnswer {
        let last = last.map(ListedTag.init)
        let rest = tags.map(ListedTag.init).filter { tag in last.map { $0 < tag } ?? true }.sorted()
        let page = count.map { Array(rest.prefix($0)) } ?? rest
        return ListAnswer(
            body: encode(TagList(name: repository.description, tags: page.map(\.tag.description))),
            contentType: "application/json",
            nextQuery: page.count == rest.count ? nil : page.last.map { "n=\(page.count)&last=\($0.tag)" })
    }

    private struct TagList: Encodable {
        var name: String
        var tags: [String]
    }

    static func encode(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(value)).map(Array.init) ?? Array("{}".utf8)
    }
}
