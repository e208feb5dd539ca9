public import OCI
public import Transfer

/// What there is: tags, and what refers to a manifest.
extension LocalRegistry {
    /// The tags of a repository, of all nodes (distribution-spec, "Listing Tags").
    /// - Throws: NAME_UNKNOWN where nobody has ever pushed to it.
    public func tags(
        in repository: RepositoryName, count: Int?, last: Tag?
    ) throws(DistributionError) -> ListAnswer {
        let meanings = meanings(in: repository)
        guard !meanings.isEmpty else {
            throw DistributionError(
                code: .nameUnknown, message: "\(repository) is not known: nobody who is there has pushed to it")
        }
        let tags = meanings.compactMap { $0.value.isDeleted ? nil : $0.key.reference.tag }
        return .tags(tags, of: repository, count: count, last: last)
    }

    /// The manifests of a repository that refer to one, of all nodes (distribution-spec, "Listing Referrers"): an empty list where there are
    /// none.
    /// - Parameter last: where the page before ended.
    public func referrers(
        of digest: Digest, in repository: RepositoryName, artifactType: String?, last: Digest?
    ) async -> ListAnswer {
        let candidates = meanings(in: repository).filter { name, meaning in
            name.reference.digest != nil && meaning.subject == digest && !meaning.isDeleted
                && last.map { $0 < meaning.digest } ?? true
        }
        var page = ReferrersPage(artifactType: artifactType)
        for (_, meaning) in candidates.sorted(by: { $0.value.digest < $1.value.digest }) {
            guard let manifest = try? await resolver.onLAN(meaning.digest) else { continue }
            let referrer = ReferrersPage.Referrer(
                digest: meaning.digest, mediaType: meaning.mediaType, document: manifest.document)
            guard page.add(referrer) else { break }
        }
        return page.answer
    }

    /// What all names of a repository mean.
    func meanings(in repository: RepositoryName) -> [LocalName: NameMeaning] {
        let own = Dictionary(names.table.all(in: repository).map { ($0.name, $0) }, uniquingKeysWith: { one, _ in one })
        let claims = Dictionary(grouping: neighbours.claims(in: repository), by: \.name)
        var meanings: [LocalName: NameMeaning] = [:]
        for name in Set(own.keys).union(claims.keys) {
            meanings[name] = NameMeaning.newest(own[name], claims[name] ?? [])
        }
        return meanings
    }
}
