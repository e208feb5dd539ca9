import Content
import FoundationEssentials
public import OCI
public import Transfer

/// What there is: tags, and what refers to a manifest.
extension LocalRegistry {
    /// Referrers that one answer names at most.
    static let referrersLimit = 1_000

    /// The tags of a repository, of all nodes, in the order of their bytes (distribution-spec, "Listing Tags").
    /// - Throws: NAME_UNKNOWN where nobody has ever pushed to it.
    public func tags(
        in repository: RepositoryName, count: Int?, last: Tag?
    ) throws(DistributionError) -> ListAnswer {
        let meanings = meanings(in: repository)
        guard !meanings.isEmpty else {
            throw DistributionError(
                code: .nameUnknown, message: "\(repository) is not known: nobody who is there has pushed to it")
        }
        let all = meanings.compactMap { $0.value.isDeleted ? nil : $0.key.reference.tag }.sorted()
        let rest = all.filter { tag in last.map { $0 < tag } ?? true }
        let page = count.map { Array(rest.prefix($0)) } ?? rest
        return ListAnswer(
            body: Self.encode(TagList(name: repository.description, tags: page.map(\.description))),
            contentType: "application/json",
            nextQuery: page.count == rest.count ? nil : page.last.map { "n=\(page.count)&last=\($0)" })
    }

    /// The manifests of a repository that refer to one, of all nodes (distribution-spec, "Listing Referrers"): an empty list where there are
    /// none.
    public func referrers(of digest: Digest, in repository: RepositoryName, artifactType: String?) async -> ListAnswer {
        var found: [Descriptor] = []
        let candidates = meanings(in: repository).filter { name, meaning in
            name.reference.digest != nil && meaning.subject == digest && !meaning.isDeleted
        }
        for (_, meaning) in candidates.sorted(by: { $0.value.digest < $1.value.digest }).prefix(Self.referrersLimit) {
            guard let manifest = try? await resolver.onLAN(meaning.digest) else { continue }
            let descriptor = Self.descriptor(meaning, manifest.document)
            if artifactType == nil || descriptor.artifactType?.rawValue == artifactType { found.append(descriptor) }
        }
        return ListAnswer(
            body: Self.encode(ImageIndex(manifests: found)), contentType: MediaType.ociIndex.rawValue,
            filtersApplied: artifactType == nil ? nil : "artifactType")
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

    /// As the specification wants it: the artifact's own type, or its configuration's; and its annotations.
    private static func descriptor(_ meaning: NameMeaning, _ document: ManifestDocument) -> Descriptor {
        var descriptor = Descriptor(
            mediaType: meaning.mediaType, digest: meaning.digest, size: Int64(document.bytes.count))
        switch document.kind {
        case .manifest(let manifest):
            descriptor.artifactType = manifest.artifactType ?? manifest.config.mediaType
            descriptor.annotations = manifest.annotations
        case .index(let index):
            descriptor.artifactType = index.artifactType
            descriptor.annotations = index.annotations
        case .other:
            break
        }
        return descriptor
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
