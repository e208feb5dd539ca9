public import OCI

/// Names below `ipfs/`: a content identifier stands for the manifest with that digest.
extension LocalRegistry {
    /// The first component of such names.
    public static let contentAddressed: Substring = "ipfs"

    /// The digest that a repository's name stands for; nil where it is an ordinary name.
    /// - Throws: NAME_INVALID where it is below `ipfs/` and no content identifier.
    public static func contentAddress(_ repository: RepositoryName) throws(DistributionError) -> Digest? {
        guard repository.firstComponent == contentAddressed, let rest = repository.droppingFirstComponent else {
            return nil
        }
        do throws(OCIError) {
            return try ContentIdentifier(rest.description).digest
        } catch {
            throw DistributionError(code: .nameInvalid, message: error.message)
        }
    }
}
