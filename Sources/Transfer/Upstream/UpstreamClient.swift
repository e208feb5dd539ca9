internal import AsyncHTTPClient
import Integrity
public import Logging
public import NIOCore
import NIOHTTP1
public import OCI
import Synchronization

/// A manifest from upstream, its digest found right.
public struct UpstreamManifest: Sendable {
    public var bytes: [UInt8]
    public var mediaType: MediaType?
    public var digest: Digest
    /// No credentials of this node were needed.
    public var anonymous: Bool
}

/// What a HEAD of a manifest tells.
public struct UpstreamHead: Sendable {
    /// Nil where the registry does not send `Docker-Content-Digest`.
    public var digest: Digest?
    public var mediaType: MediaType?
    public var size: Int64?
    public var anonymous: Bool
}

/// A list from upstream, as it came.
public struct UpstreamList: Sendable {
    public var body: [UInt8]
    public var contentType: String
    public var link: String?
    public var filtersApplied: String?
}

/// The client of upstream registries (OCI distribution-spec 1.1).
///
/// Bounds: connecting takes 2 s at most, the head of an answer the deadline given, silence in a body 30 s, a manifest or list 4 MiB,
/// redirects five. A registry that could not be reached is not asked for 30 s.
public final class UpstreamClient: Sendable {
    let transport: UpstreamTransport
    let credentials: CredentialSource
    let tokens = TokenCache()
    let logger: Logger
    private let configuration: UpstreamConfiguration
    private let reachability = Mutex(Reachability())
    private let retries = RetryPolicy()

    public init(configuration: UpstreamConfiguration, group: any EventLoopGroup, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        transport = UpstreamTransport(group: group, connectionsPerRegistry: configuration.connectionsPerRegistry)
        credentials = CredentialSource(configuration: configuration, logger: logger)
    }

    public func shutdown() async {
        await transport.shutdown()
    }

    /// Whether the registry could not be reached within the last 30 s.
    public func isKnownUnreachable(_ registry: RegistryName) -> Bool {
        reachability.withLock { $0.isKnownUnreachable(registry, now: .now) }
    }

    /// Whether an `[upstream]` table names the registry.
    public func isConfigured(_ registry: RegistryName) -> Bool {
        configuration.registries[registry] != nil
    }

    func note(_ change: (inout Reachability) -> Void) {
        reachability.withLock { change(&$0) }
    }

    func endpoint(_ registry: RegistryName) throws(UpstreamError) -> Endpoint {
        try Endpoint(registry, configuration.registries[registry])
    }

    // MARK: Manifests

    /// What a tag means now, or whether a digest is there. Docker Hub does not count it as a pull.
    public func head(
        _ reference: ManifestReference, at origin: Origin, accept: [MediaType], deadline: Duration
    ) async throws(UpstreamError) -> UpstreamHead {
        try await head(reference, at: origin, accept: accept, anonymously: false, deadline: deadline)
    }

    /// Whether upstream hands a manifest to anybody. Asked without this node's credentials.
    public func isPublic(_ manifest: Digest, at origin: Origin) async throws(UpstreamError) -> Bool {
        do throws(UpstreamError) {
            _ = try await head(
                .digest(manifest), at: origin, accept: MediaType.manifestAccept, anonymously: true, deadline: .seconds(10))
            return true
        } catch {
            switch error.code {
            case .needsCredentials, .denied, .notFound, .notAllowed: return false
            default: throw error
            }
        }
    }

    private func head(
        _ reference: ManifestReference, at origin: Origin, accept: [MediaType], anonymously: Bool, deadline: Duration
    ) async throws(UpstreamError) -> UpstreamHead {
        let answer = try await ask(
            Question(
                method: .HEAD, origin: origin, path: "manifests/\(reference)", headers: Self.accepting(accept),
                anonymously: anonymously), deadline: deadline)
        return UpstreamHead(
            digest: answer.header("Docker-Content-Digest").flatMap { try? Digest($0) },
            mediaType: answer.header("Content-Type").flatMap { try? MediaType($0) },
            size: answer.header("Content-Length").flatMap { Int64($0) }, anonymous: answer.anonymous)
    }

    /// A manifest, read whole. Asked for by digest its bytes have that digest; by tag, the one that upstream's header says.
    public func manifest(
        _ reference: ManifestReference, at origin: Origin, accept: [MediaType], deadline: Duration
    ) async throws(UpstreamError) -> UpstreamManifest {
        let question = Question(origin: origin, path: "manifests/\(reference)", headers: Self.accepting(accept))
        let (answer, bytes) = try await collect(question, deadline: deadline)
        let claimed: Digest? =
            switch reference {
            case .digest(let digest): digest
            case .tag: answer.header("Docker-Content-Digest").flatMap { try? Digest($0) }
            }
        let actual = ContentHasher.digest(of: bytes, algorithm: claimed?.algorithm ?? .sha256)
        guard claimed == nil || claimed == actual else {
            throw UpstreamError(
                code: .broken, message: "\(origin) \(reference): upstream sent wrong bytes: they hash to \(actual)",
                registry: origin.registry)
        }
        return UpstreamManifest(
            bytes: bytes, mediaType: answer.header("Content-Type").flatMap { try? MediaType($0) }, digest: actual,
            anonymous: answer.anonymous)
    }

    // MARK: Blobs

    /// Opens a blob.
    ///
    /// - Parameter range: nil for all of it; an upper bound of `Int64.max` for everything from the lower one on.
    /// - Throws: `.broken` where the answer does not fit the question.
    public func blob(_ digest: Digest, at origin: Origin, range: Range<Int64>?) async throws(UpstreamError) -> UpstreamBlob {
        var question = Question(origin: origin, path: "blobs/\(digest)")
        if let range {
            let last = range.upperBound == .max ? "" : String(range.upperBound - 1)
            question.headers.add(name: "Range", value: "bytes=\(range.lowerBound)-\(last)")
        }
        let answer = try await ask(question, deadline: .seconds(30))
        func broken(_ why: String) -> UpstreamError {
            UpstreamError(code: .broken, message: "\(origin) \(digest): \(why)", registry: origin.registry)
        }
        if let encoding = answer.header("Content-Encoding"), encoding.lowercased() != "identity" {
            throw broken("upstream encoded a blob's bytes (\(encoding))")
        }
        let length = answer.header("Content-Length").flatMap { Int64($0) }
        guard answer.response.status == .partialContent else {
            return UpstreamBlob(
                offset: 0, totalSize: length, anonymous: answer.anonymous, rangeIgnored: range != nil,
                body: UpstreamBody(body: answer.response.body, expected: length, registry: origin.registry))
        }
        guard let range, let header = answer.header("Content-Range"), let content = try? ContentRange(header: header) else {
            throw broken("upstream answered 206 without a Content-Range that makes sense, or unasked")
        }
        let count = content.range.upperBound - content.first
        guard content.first == range.lowerBound, content.range.upperBound <= range.upperBound,
            content.range.upperBound == min(range.upperBound, content.size ?? content.range.upperBound),
            length == nil || length == count
        else { throw broken("upstream answered with \(header) when asked for bytes \(range)") }
        return UpstreamBlob(
            offset: content.first, totalSize: content.size, anonymous: answer.anonymous, rangeIgnored: false,
            body: UpstreamBody(body: answer.response.body, expected: count, registry: origin.registry))
    }

    /// A blob's size; nil where upstream does not say. Nothing is downloaded.
    public func blobHead(_ digest: Digest, at origin: Origin, deadline: Duration) async throws(UpstreamError) -> Int64? {
        do throws(UpstreamError) {
            let answer = try await ask(
                Question(method: .HEAD, origin: origin, path: "blobs/\(digest)"), deadline: deadline)
            return answer.header("Content-Length").flatMap { Int64($0) }
        } catch where error.code == .denied || error.code == .broken {
            // Some registries redirect to storage whose signed URLs are good for GET only.
            return try await blob(digest, at: origin, range: 0..<1).totalSize
        }
    }

    // MARK: Lists

    /// The tags of a repository, a page at a time.
    public func tags(at origin: Origin, count: Int?, last: Tag?) async throws(UpstreamError) -> UpstreamList {
        var query: [(name: String, value: String)] = []
        if let count { query.append(("n", String(count))) }
        if let last { query.append(("last", last.description)) }
        return try await list(Question(origin: origin, path: "tags/list", query: query))
    }

    /// The manifests that have `digest` as their subject.
    public func referrers(
        of digest: Digest, at origin: Origin, artifactType: String?
    ) async throws(UpstreamError) -> UpstreamList {
        let query = artifactType.map { [(name: "artifactType", value: $0)] } ?? []
        return try await list(Question(origin: origin, path: "referrers/\(digest)", query: query))
    }

    private func list(_ question: Question) async throws(UpstreamError) -> UpstreamList {
        let (answer, bytes) = try await collect(question, deadline: .seconds(15))
        return UpstreamList(
            body: bytes, contentType: answer.header("Content-Type") ?? "application/json", link: answer.header("Link"),
            filtersApplied: answer.header("OCI-Filters-Applied"))
    }

    // MARK: Small bodies

    /// Asks for something small, more than once where upstream is busy or breaks off.
    private func collect(
        _ question: Question, deadline: Duration
    ) async throws(UpstreamError) -> (answer: Answer, bytes: [UInt8]) {
        let end = ContinuousClock.now.advanced(by: deadline)
        var attempt = 0
        while true {
            attempt += 1
            let remaining = ContinuousClock.now.duration(to: end)
            do throws(UpstreamError) {
                let answer = try await ask(question, deadline: remaining)
                return (answer, try await bytes(of: answer, question))
            } catch {
                guard error.code == .throttled || error.code == .broken,
                    let wait = retries.wait(
                        attempt: attempt, status: nil, retryAfter: error.retryAfter,
                        remaining: ContinuousClock.now.duration(to: end), jitter: .random(in: 0..<1)),
                    (try? await Task.sleep(for: wait)) != nil
                else { throw error }
            }
        }
    }

    private func bytes(of answer: Answer, _ question: Question) async throws(UpstreamError) -> [UInt8] {
        do {
            let body = try await answer.response.body.collect(upTo: ManifestDocument.maximumSize)
            return Array(body.readableBytesView)
        } catch {
            throw UpstreamError(
                code: .broken,
                message: "\(question.origin)/\(question.path): the answer broke off or is larger than 4 MiB: \(error)",
                registry: question.origin.registry)
        }
    }

    private static func accepting(_ types: [MediaType]) -> HTTPHeaders {
        HTTPHeaders(types.map { ("Accept", $0.rawValue) })
    }
}
