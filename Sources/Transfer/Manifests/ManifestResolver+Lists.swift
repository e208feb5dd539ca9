import Content
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
}

/// Lists: upstream's own answer; what this node knows where upstream cannot be reached.
extension ManifestResolver {
    /// The tags of a repository (distribution-spec, "Listing Tags").
    public func tags(at origin: Origin, count: Int?, last: Tag?) async throws(DistributionError) -> ListAnswer {
        do throws(UpstreamError) {
            let list = try await upstream.tags(at: origin, count: count, last: last)
            return ListAnswer(body: list.body, contentType: list.contentType, nextQuery: Self.nextQuery(list.link))
        } catch {
            guard Self.isAbsence(error) else { throw Self.refusal(of: "the tags of \(origin)", error) }
        }
        let known = content.images().compactMap { $0.origin == origin ? $0.reference?.tag : nil }
        guard !known.isEmpty else {
            throw DistributionError(
                code: .nameUnknown, message: "\(origin) is not known here, and upstream cannot be reached")
        }
        let rest = Set(known).sorted().filter { tag in last.map { $0 < tag } ?? true }
        let page = count.map { Array(rest.prefix($0)) } ?? rest
        let isLast = page.count == rest.count
        return ListAnswer(
            body: Self.encode(TagList(name: origin.repository.description, tags: page.map(\.description))),
            contentType: "application/json",
            nextQuery: isLast ? nil : page.last.map { "n=\(page.count)&last=\($0)" })
    }

    /// The manifests whose subject is `digest` (distribution-spec, "Listing Referrers").
    public func referrers(
        of digest: Digest, at origin: Origin, artifactType: String?
    ) async throws(DistributionError) -> ListAnswer {
        do throws(UpstreamError) {
            let list = try await upstream.referrers(of: digest, at: origin, artifactType: artifactType)
            return ListAnswer(
                body: list.body, contentType: list.contentType, nextQuery: Self.nextQuery(list.link),
                filtersApplied: list.filtersApplied)
        } catch {
            guard Self.isAbsence(error) else { throw Self.refusal(of: "the referrers of \(origin)@\(digest)", error) }
        }
        let manifests = await knownReferrers(of: digest, at: origin).filter {
            artifactType == nil || $0.artifactType?.rawValue == artifactType
        }
        let index = ImageIndex(schemaVersion: 2, mediaType: .ociIndex, manifests: manifests)
        return ListAnswer(
            body: Self.encode(index), contentType: MediaType.ociIndex.rawValue,
            filtersApplied: artifactType == nil ? nil : "artifactType")
    }

    private func knownReferrers(of digest: Digest, at origin: Origin) async -> [Descriptor] {
        var found: [Digest: Descriptor] = [:]
        for image in content.images() where image.origin == origin && found[image.digest] == nil {
            guard let document = try? await held(image.digest), document.subject?.digest == digest else { continue }
            var descriptor = Descriptor(mediaType: image.mediaType, digest: image.digest, size: image.size)
            if case .manifest(let manifest) = document.kind {
                descriptor.artifactType = manifest.artifactType ?? manifest.config.mediaType
                descriptor.annotations = manifest.annotations
            }
            found[image.digest] = descriptor
        }
        return found.values.sorted { $0.digest < $1.digest }
    }

    /// Whether upstream could not be asked, as opposed to having said no.
    private static func isAbsence(_ error: UpstreamError) -> Bool {
        switch error.code {
        case .unreachable, .throttled, .broken: true
        default: false
        }
    }

    private static func refusal(of what: String, _ error: UpstreamError) -> DistributionError {
        DistributionError(code: .nameUnknown, message: "\(what) cannot be had through this mirror: \(error.message)")
    }

    /// The query of a `Link: <…?query>; rel="next"` header.
    static func nextQuery(_ link: String?) -> String? {
        guard let link, let start = link.firstIndex(of: "<"), let end = link[start...].firstIndex(of: ">"),
            let question = link[start..<end].firstIndex(of: "?")
        else { return nil }
        return String(link[link.index(after: question)..<end])
    }

    private struct TagList: Encodable {
        var name: String
        var tags: [String]
    }

    private static func encode(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(value)).map(Array.init) ?? Array("{}".utf8)
    }
}
