public import Content
public import OCI

/// What the mirror's routes need to know and to have; the agent answers from its store, the LAN and upstream.
///
/// Errors: ``MirrorFailure`` where it matters which; a `DistributionError`; anything else is a 404, since nothing has been sent
/// yet and the client can ask upstream itself.
public protocol MirrorBackend: Sendable {
    /// Opens a blob for a GET. Returns when its size is known and the first byte of the range may go out.
    func openBlob(_ question: MirrorBlobQuestion) async throws -> any BlobReader

    /// The size of a blob that could be opened, for a HEAD: downloads nothing.
    func blobSize(_ question: MirrorBlobQuestion) async throws -> Int64

    /// Whether an error of ``openBlob(_:)`` or of a reader says that the disk is full, and the bytes can be passed through.
    func isDiskFull(_ error: any Error) -> Bool

    /// Bytes of a blob without the disk in between.
    /// - Parameters:
    ///   - reader: gave the bytes before; nil where there are none.
    ///   - rest: the bytes wanted.
    func passThrough(
        _ question: MirrorBlobQuestion, after reader: (any BlobReader)?, rest: Range<Int64>
    ) async throws -> HTTPBodyStream

    /// A manifest or index, verified, whatever its type: the gateway compares it with `Accept`.
    func manifest(_ question: MirrorManifestQuestion) async throws -> MirrorManifest

    /// One page of a repository's tags.
    /// - Parameter authorization: as ``MirrorBlobQuestion/authorization``.
    func tags(
        in place: MirrorPlace, authorization: ClientAuthorization?, count: Int?, last: Tag?
    ) async throws -> MirrorList

    /// The manifests that refer to one.
    /// - Parameter authorization: as ``MirrorBlobQuestion/authorization``.
    func referrers(
        to digest: Digest, in place: MirrorPlace, authorization: ClientAuthorization?, artifactType: String?,
        continuation: String?
    ) async throws -> MirrorList
}

extension MirrorBackend {
    public func isDiskFull(_ error: any Error) -> Bool {
        (error as? ContentError)?.code == .noSpace
    }
}

/// A request for a blob, or for a part of it.
public struct MirrorBlobQuestion: Equatable, Sendable {
    public var digest: Digest
    public var place: MirrorPlace
    public var form: MirrorForm
    /// What the client sent for the registry behind the mirror: its own right to the blob, which serves nobody else. Nil: nothing.
    public var authorization: ClientAuthorization?
    public var range: RangeRequest
    /// As in the logs.
    public var requestID: String
}

/// A request for a manifest.
public struct MirrorManifestQuestion: Sendable {
    public var reference: ManifestReference
    public var place: MirrorPlace
    public var form: MirrorForm
    /// As ``MirrorBlobQuestion/authorization``.
    public var authorization: ClientAuthorization?
    public var accept: AcceptHeader
    /// False for a HEAD, which is no pull.
    public var isGet: Bool
    /// As in the logs.
    public var requestID: String
}

/// A manifest's bytes, exactly as they hash to the digest.
public struct MirrorManifest: Sendable {
    public var digest: Digest
    public var mediaType: MediaType
    public var bytes: [UInt8]

    public init(digest: Digest, mediaType: MediaType, bytes: [UInt8]) {
        self.digest = digest
        self.mediaType = mediaType
        self.bytes = bytes
    }
}

/// A document made by a registry: tags or referrers.
public struct MirrorList: Sendable {
    public var body: [UInt8]
    public var mediaType: String
    /// `Link` and `OCI-Filters-Applied`, where upstream sent them.
    public var headers: [(name: String, value: String)]

    public init(body: [UInt8], mediaType: String, headers: [(name: String, value: String)] = []) {
        self.body = body
        self.mediaType = mediaType
        self.headers = headers
    }
}

/// Why the backend cannot answer.
public struct MirrorFailure: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// Nobody who can be asked has it, or upstream wants credentials that the agent lacks: 404.
        case notFound
        /// The agent has too much to do: 503, and another try later.
        case busy
        /// The blob is smaller than the range begins: 416.
        case rangeUnsatisfiable(size: Int64)
    }

    public var code: Code
    /// What happened, to what. Must not contain secrets.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
