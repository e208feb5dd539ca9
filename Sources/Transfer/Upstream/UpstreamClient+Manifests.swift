import Integrity
import NIOHTTP1
public import OCI

extension UpstreamClient {
    /// What a tag means now, or whether a digest is there. Docker Hub does not count it as a pull.
    public func head(
        _ reference: ManifestReference, at origin: Origin, as identity: UpstreamIdentity = .node, accept: [MediaType],
        deadline: Duration
    ) async throws(UpstreamError) -> UpstreamHead {
        let question = Question(
            method: .HEAD, origin: origin, path: "manifests/\(reference)", headers: Self.accepting(accept),
            identity: identity)
        let end = ContinuousClock.now.advanced(by: deadline)
        let answer = try await patiently(by: end) { () async throws(UpstreamError) in
            try await self.ask(question, by: end)
        }
        return UpstreamHead(
            digest: answer.claimedDigest, mediaType: answer.mediaType,
            size: answer.isEncoded ? nil : answer.contentLength, anonymous: answer.anonymous,
            pullsLeft: PullsLeft(
                remaining: answer.header("RateLimit-Remaining"), limit: answer.header("RateLimit-Limit")))
    }

    /// Whether upstream hands a manifest to anybody. Asked without this node's credentials.
    ///
    /// - Throws: where upstream said neither yes nor no.
    public func isPublic(_ manifest: Digest, at origin: Origin) async throws(UpstreamError) -> Bool {
        do throws(UpstreamError) {
            _ = try await head(
                .digest(manifest), at: origin, as: .anybody, accept: MediaType.manifestAccept, deadline: .seconds(10))
            return true
        } catch {
            switch error.code {
            case .needsCredentials, .denied, .notFound, .notAllowed: return false
            default: throw error
            }
        }
    }

    /// A manifest, read whole. Asked for by digest its bytes have that digest; by tag, the one that upstream's header says.
    public func manifest(
        _ reference: ManifestReference, at origin: Origin, as identity: UpstreamIdentity = .node, accept: [MediaType],
        deadline: Duration
    ) async throws(UpstreamError) -> UpstreamManifest {
        let question = Question(
            origin: origin, path: "manifests/\(reference)", headers: Self.accepting(accept), identity: identity)
        let (answer, bytes) = try await collect(question, deadline: deadline)
        let claimed: Digest? =
            switch reference {
            case .digest(let digest): digest
            case .tag: answer.claimedDigest
            }
        let actual = ContentHasher.digest(of: bytes, algorithm: claimed?.algorithm ?? .sha256)
        guard claimed == nil || claimed == actual else {
            throw UpstreamError(
                code: .broken, message: "\(origin) \(reference): upstream sent wrong bytes: they hash to \(actual)",
                registry: origin.registry)
        }
        // Where nothing vouches for the bytes, a portal's page is not to be taken for what a tag means.
        guard claimed != nil || Self.beginsObject(bytes) else {
            throw UpstreamError(
                code: .broken, message: "\(origin) \(reference): upstream sent something that is no manifest",
                registry: origin.registry)
        }
        return UpstreamManifest(
            bytes: bytes, mediaType: answer.mediaType, digest: actual, anonymous: answer.anonymous)
    }

    private static func beginsObject(_ bytes: [UInt8]) -> Bool {
        bytes.first { !" \t\r\n".utf8.contains($0) } == UInt8(ascii: "{")
    }

    private static func accepting(_ types: [MediaType]) -> HTTPHeaders {
        HTTPHeaders(types.map { ("Accept", $0.rawValue) })
    }
}

extension UpstreamClient.Answer {
    fileprivate var claimedDigest: Digest? { header("Docker-Content-Digest").flatMap { try? Digest($0) } }
    fileprivate var mediaType: MediaType? { header("Content-Type").flatMap { try? MediaType($0) } }
}
