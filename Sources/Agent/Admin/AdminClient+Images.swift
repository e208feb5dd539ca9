import NIOHTTP1
public import OCI

extension AdminClient {
    /// What a change that has nothing to tell answers.
    private struct Done: Decodable, Sendable {}

    /// All images by name.
    public func images() async throws(AdminClientError) -> Answer<ImagesSnapshot> {
        try await ask(AdminRoute.images.rawValue)
    }

    /// Gives an image a name of the local namespace.
    public func tag(
        _ source: ImageReference, as target: ImageReference
    ) async throws(AdminClientError) -> Answer<ImagesSnapshot.Image> {
        try await ask(
            "\(AdminRoute.tag.rawValue)?source=\(Self.encoded(source))&target=\(Self.encoded(target))", method: .POST)
    }

    /// Takes a name of the local namespace away.
    public func remove(_ image: ImageReference) async throws(AdminClientError) {
        let _: Answer<Done> = try await ask("\(AdminRoute.remove.rawValue)?image=\(Self.encoded(image))", method: .POST)
    }

    /// Keeps an image, or keeps it no more.
    public func pin(_ image: ImageReference, _ isPinned: Bool) async throws(AdminClientError) {
        let _: Answer<Done> = try await ask(
            "\(AdminRoute.pin.rawValue)?image=\(Self.encoded(image))\(isPinned ? "" : "&remove=1")", method: .POST)
    }

    /// Removes what nothing refers to.
    public func collect(grace: Int64?, dryRun: Bool) async throws(AdminClientError) -> Answer<CollectionSnapshot> {
        let words = [grace.map { "grace=\($0)" }, dryRun ? "dry_run=1" : nil].compactMap(\.self)
        return try await ask("\(AdminRoute.collect.rawValue)?\(words.joined(separator: "&"))", method: .POST)
    }

    private static func encoded(_ image: ImageReference) -> String { PercentCoding.encode(image.description) }
}
