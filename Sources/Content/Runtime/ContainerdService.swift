import Containerd
import Logging
import OCI
import SystemPackage

/// A connected containerd: what its client gives, as what is kept in mind of it.
struct ContainerdService: RuntimeService {
    let client: ContainerdClient
    let warnings: OneTimeWarnings
    let logger: Logger

    func version() async throws -> String { try await client.version() }

    func contentRoot() async throws -> FilePath? { try await client.contentRoot() }

    func namespaces() async throws -> [String] { try await client.namespaces() }

    func listing(of namespace: String) async throws -> NamespaceListing {
        var listing = NamespaceListing()
        do throws(ContainerdError) {
            // Images last: what they need is there then, as a rule.
            for content in try await client.contents(in: namespace) {
                listing.contents[content.digest] = listed(content)
            }
            for image in try await client.images(in: namespace) { listing.images[image.name] = listed(image) }
        } catch {
            // Removed since it was told of.
            guard error.code == .notFound else { throw error }
        }
        return listing
    }

    func content(_ digest: Digest, in namespace: String) async throws -> ListedContent? {
        try await client.content(digest, in: namespace).map(listed)
    }

    func image(_ name: RuntimeImageName) async throws -> ListedImage? {
        try await client.image(name.name, in: name.namespace).map(listed)
    }

    func read(_ digest: Digest, in namespace: String, at offset: Int64, count: Int) async throws -> [UInt8] {
        try await client.read(digest, in: namespace, at: offset, count: count)
    }

    func events(in namespaces: [String]) async throws -> any AsyncSequence<RuntimeNotice, any Error> & Sendable {
        let logger = logger
        return try await client.events(in: namespaces).compactMap { event in
            let notice = RuntimeNotice(event)
            if notice == nil {
                logger.debug("an event of containerd's means nothing here", metadata: ["event": "\(event.subject)"])
            }
            return notice
        }
    }

    private func listed(_ content: RuntimeContent) -> ListedContent {
        for label in content.unreadableLabels {
            warnings.warn("a label of a blob of containerd's makes no sense; it counts as absent", label)
        }
        return ListedContent(
            size: content.size, created: content.createdAt, children: content.references, origins: content.origins)
    }

    private func listed(_ image: RuntimeImage) -> ListedImage {
        // CRI names each image by the digest of its configuration too.
        let isDigest = (try? Digest(image.name)) != nil
        if image.reference == nil, !isDigest {
            warnings.warn(
                "the name of an image of containerd's is no reference; its blobs count, its name is not told",
                "\(image.name.prefix(200)) (namespace \(image.namespace))")
        }
        return ListedImage(
            reference: isDigest ? nil : image.reference, digest: image.digest, mediaType: image.mediaType,
            size: image.size, updated: image.updatedAt)
    }
}

extension RuntimeNotice {
    /// What an event is an occasion for; nil for one that means nothing here.
    init?(_ event: RuntimeEvent) {
        switch event.subject {
        case .imageCreated(let name), .imageUpdated(let name), .imageDeleted(let name):
            self = .image(RuntimeImageName(namespace: event.namespace, name: name))
        case .contentCreated(let digest): self = .content(digest, isThere: true)
        case .contentDeleted(let digest): self = .content(digest, isThere: false)
        case .namespaceChanged: self = .namespaces
        case .other: return nil
        }
    }
}
