import Discovery
import OCI
import Registry

/// What the directory of peers knows of local names.
struct DirectoryNeighbours: Neighbours {
    let directory: Directory
    let questions: Questions

    func claims(for name: LocalName) -> [NameClaim] {
        directory.claims(for: name.image).map { NameClaim($0, name) }
    }

    func claims(in repository: RepositoryName) -> [NameClaim] {
        directory.claims(inRepository: repository).flatMap { image, claims in
            LocalName(image).map { name in claims.map { NameClaim($0, name) } } ?? []
        }
    }

    func claims() -> [NameClaim] { directory.localRepositories().flatMap(claims(in:)) }

    func ask(for name: LocalName, wait: Duration) async {
        _ = await questions.whoHas(name.image, wait: wait)
    }
}

extension NameClaim {
    fileprivate init(_ claim: TagClaim, _ name: LocalName) {
        self.init(
            name: name, digest: claim.digest, mediaType: claim.mediaType, version: claim.version,
            isDeleted: claim.isDeleted, subject: claim.subject, node: claim.peer.id)
    }
}
