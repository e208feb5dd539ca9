import Content
public import OCI

/// Lists: upstream's own answer; what this node knows where upstream cannot be reached.
extension ManifestResolver {
    /// The tags of a repository (distribution-spec, "Listing Tags").
    public func tags(
        at origin: Origin, as identity: UpstreamIdentity = .node, count: Int?, last: Tag?
    ) async throws(DistributionError) -> ListAnswer {
        do throws(UpstreamError) {
            let list = try await upstream.tags(at: origin, as: identity, count: count, last: last)
            return ListAnswer(body: list.body, contentType: list.contentType, nextQuery: Self.nextQuery(list.link))
        } catch {
            guard Self.isAbsence(error) else { throw Self.refusal(of: "the tags of \(origin)", error) }
        }
        let known = content.images().compactMap { image in
            image.origin == origin && gate.admitsUnasked(image.digest, at: origin, as: identity)
                ? image.reference?.tag : nil
        }
        guard !known.isEmpty else {
            throw DistributionError(
                code: .nameUnknown, message: "\(origin) is not known here, and upstream cannot be reached")
        }
        return .tags(Set(known), of: origin.repository, count: count, last: last)
    }

    /// The manifests whose subject is `digest` (distribution-spec, "Listing Referrers").
    /// - Parameter continuation: where to go on, from the query that upstream linked.
    public func referrers(
        of digest: Digest, at origin: Origin, as identity: UpstreamIdentity = .node, artifactType: String?,
        continuation: String? = nil
    ) async throws(DistributionError) -> ListAnswer {
        do throws(UpstreamError) {
            let list = try await upstream.referrers(
                of: digest, at: origin, as: identity, artifactType: artifactType, continuation: continuation)
            return ListAnswer(
                body: list.body, contentType: list.contentType, nextQuery: Self.nextQuery(list.link),
                filtersApplied: list.filtersApplied)
        } catch {
            guard Self.isAbsence(error) else { throw Self.refusal(of: "the referrers of \(origin)@\(digest)", error) }
        }
        var page = ReferrersPage(artifactType: artifactType)
        let last = try ReferrersPage.last(continuation)
        for document in await knownReferrers(of: digest, at: origin, as: identity, after: last) {
            guard page.add(document) else { break }
        }
        return page.answer
    }

    private func knownReferrers(
        of digest: Digest, at origin: Origin, as identity: UpstreamIdentity, after last: Digest?
    ) async -> [ReferrersPage.Referrer] {
        var found: [Digest: ReferrersPage.Referrer] = [:]
        for image in content.images() where image.origin == origin && found[image.digest] == nil {
            guard last.map({ $0 < image.digest }) ?? true,
                gate.admitsUnasked(image.digest, at: origin, as: identity),
                let document = try? await held(image.digest),
                document.subject?.digest == digest
            else { continue }
            found[image.digest] = .init(digest: image.digest, mediaType: image.mediaType, document: document)
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
}
