public import OCI

/// A name in the local namespace, as images that are loaded get one: a repository, and a tag where one is written.
public struct LoadName: Hashable, Sendable, CustomStringConvertible {
    /// Without a registry: it is this node's.
    public var repository: RepositoryName
    /// Nil where none is written.
    public var tag: Tag?

    /// Reads a name of the local namespace, or one that becomes one.
    ///
    /// `localhost:5050/team/app:v1` stays. Names without a registry, and those of Docker Hub and `localhost`, by which Docker and Podman
    /// call what was built on a machine, are taken over: `docker.io/library/nginx:1.27` is `localhost:5050/nginx:1.27`.
    /// - Throws: `.referenceInvalid` for a name of another registry or with a digest; the error of the part that is wrong.
    public init(_ text: String) throws(OCIError) {
        let reference = try ImageReference(normalizing: text)
        guard reference.digest == nil else {
            throw OCIError(
                code: .referenceInvalid,
                message: "\(reference) has a digest; a name to load under has a tag: localhost:5050/team/app:v1")
        }
        switch reference.registry {
        case nil: repository = reference.repository
        case .dockerHub:
            let isOfficial = reference.repository.firstComponent == "library"
            repository = (isOfficial ? reference.repository.droppingFirstComponent : nil) ?? reference.repository
        case let registry? where registry.host == "localhost" && registry.port == nil:
            repository = reference.repository
        case let registry?:
            throw OCIError(
                code: .referenceInvalid,
                message: "\(reference) belongs to \(registry); images are loaded into the local namespace: "
                    + "localhost:5050/\(reference.repository)")
        }
        // A tag that is not written is assumed, and would look as if it were.
        let last = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).last
        tag = last?.contains(UInt8(ascii: ":")) == true ? reference.tag : nil
    }

    /// The image of the name: with ``tag``, else `assumed`.
    public func reference(assuming assumed: Tag = .latest) -> ImageReference {
        ImageReference(registry: nil, repository: repository, tag: tag ?? assumed, digest: nil)
    }

    /// As ``init(_:)`` reads it.
    public var description: String {
        "\(ImageReference.localRegistry)/\(repository)" + (tag.map { ":\($0)" } ?? "")
    }
}
