internal import AsyncHTTPClient
import NIOHTTP1
public import OCI
import Synchronization

extension UpstreamClient {
    /// How long upstream may take to begin with a blob.
    private static let openTime: Duration = .seconds(30)

    /// Opens a blob. Not tried again here: the caller knows other sources, and where to go on.
    ///
    /// - Parameter range: nil for all of it; an upper bound of `Int64.max` for everything from the lower one on.
    /// - Throws: `.broken` where the answer does not fit the question.
    public func blob(
        _ digest: Digest, at origin: Origin, as identity: UpstreamIdentity = .node, range: Range<Int64>?
    ) async throws(UpstreamError) -> UpstreamBlob {
        try await blob(digest, at: origin, as: identity, range: range, by: .now.advanced(by: Self.openTime))
    }

    private func blob(
        _ digest: Digest, at origin: Origin, as identity: UpstreamIdentity, range: Range<Int64>?,
        purpose: UpstreamTransport.Purpose = .blob, by end: ContinuousClock.Instant
    ) async throws(UpstreamError) -> UpstreamBlob {
        var question = Question(origin: origin, path: "blobs/\(digest)", purpose: purpose, identity: identity)
        if let range {
            let last = range.upperBound == .max ? "" : String(range.upperBound - 1)
            question.headers.add(name: "Range", value: "bytes=\(range.lowerBound)-\(last)")
        }
        let answer = try await ask(question, by: end)
        func broken(_ why: String) -> UpstreamError {
            UpstreamError(code: .broken, message: "\(origin) \(digest): upstream: \(why)", registry: origin.registry)
        }
        guard !answer.isEncoded else { throw broken("it encoded a blob's bytes, which are then no longer the blob's") }
        do throws(BlobExtent.Misfit) {
            let extent = try BlobExtent(
                asked: range, status: answer.status, contentRange: answer.header("Content-Range"),
                contentLength: answer.contentLength)
            return UpstreamBlob(
                offset: extent.offset, totalSize: extent.total, anonymous: answer.anonymous,
                rangeIgnored: extent.rangeIgnored,
                body: UpstreamBody(
                    body: answer.response.head.body, expected: extent.count, registry: origin.registry,
                    slot: answer.slot,
                    heard: { [self, registry = origin.registry, isFromAsked = answer.response.isFromAsked] in
                        reachability.withLock { $0.heard(registry, isFromAsked: isFromAsked, now: .now) }
                    }))
        } catch {
            throw broken(error.description)
        }
    }

    /// A blob's size; nil where upstream does not say. Nothing is downloaded.
    public func blobHead(
        _ digest: Digest, at origin: Origin, as identity: UpstreamIdentity = .node, deadline: Duration
    ) async throws(UpstreamError) -> Int64? {
        let end = ContinuousClock.now.advanced(by: deadline)
        let question = Question(method: .HEAD, origin: origin, path: "blobs/\(digest)", identity: identity)
        do throws(UpstreamError) {
            let answer = try await patiently(by: end) { () async throws(UpstreamError) in
                try await self.ask(question, by: end)
            }
            return answer.isEncoded ? nil : answer.contentLength
        } catch  where (error.code == .denied || error.code == .broken) && !error.isTransient {
            // Some registries redirect to storage whose signed URLs are good for GET only.
            return try await blob(digest, at: origin, as: identity, range: 0..<1, purpose: .question, by: end)
                .totalSize
        }
    }
}
