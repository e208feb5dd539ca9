public import NIOHTTP1
public import OCI

/// What became of one request to the mirror.
public struct MirrorRecord: Sendable {
    public enum Subject: Sendable, Equatable {
        case manifest(ManifestReference, MirrorPlace)
        case blob(Digest, MirrorPlace)
        case tags(MirrorPlace)
        case referrers(Digest, MirrorPlace)
        /// `/v2/`, and whatever is no end point.
        case other
    }

    public var subject: Subject
    public var method: HTTPMethod
    public var outcome: HTTPOutcome
    public var requestID: String
}
