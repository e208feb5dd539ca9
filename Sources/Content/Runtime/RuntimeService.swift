import OCI
import SystemPackage

/// What is needed of a container runtime that one is connected to.
///
/// Each call throws where the runtime is gone; a call that finds nothing returns nil. An answer is of the moment.
protocol RuntimeService: Sendable {
    /// The runtime's version, as it tells it.
    func version() async throws -> String

    /// The folder of its content store; nil where it does not tell.
    func contentRoot() async throws -> FilePath?

    /// The namespaces that there are.
    func namespaces() async throws -> [String]

    /// All images and all committed content of a namespace.
    func listing(of namespace: String) async throws -> NamespaceListing

    /// One committed blob.
    func content(_ digest: Digest, in namespace: String) async throws -> ListedContent?

    /// One image.
    func image(_ name: RuntimeImageName) async throws -> ListedImage?

    /// At most `count` bytes of a blob; fewer only where it ends.
    func read(_ digest: Digest, in namespace: String, at offset: Int64, count: Int) async throws -> [UInt8]

    /// What happens in these namespaces from now on (in all of them where none is named). The runtime has begun to listen for
    /// it when this returns; the stream ends with the connection.
    func events(in namespaces: [String]) async throws -> any AsyncSequence<RuntimeNotice, any Error> & Sendable
}

/// What a runtime tells of itself: reasons to look.
enum RuntimeNotice: Hashable, Sendable {
    /// An image was made, changed or removed.
    case image(RuntimeImageName)
    /// A blob was taken in, or collected.
    case content(Digest, isThere: Bool)
    /// A namespace was made or removed.
    case namespaces
}

/// How to come by a runtime.
protocol RuntimeConnector: Sendable {
    /// Connects, and runs `body` for as long as it likes.
    /// - Throws: What `body` throws; what says that there is no runtime at this socket.
    func withRuntime(
        at socket: FilePath, _ body: @escaping @Sendable (any RuntimeService) async throws -> Void
    ) async throws
}
