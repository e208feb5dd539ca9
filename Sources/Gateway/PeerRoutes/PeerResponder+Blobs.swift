import Content
import Discovery
import Integrity
import NIOHTTP1
import OCI

/// Uploads to peers, of blobs that the inventory offers.
extension PeerResponder {
    /// The most nodes that a busy one names.
    private static let namedHolders = 8

    func blob(_ digest: Digest, _ request: HTTPRequest, _ asker: PeerAsker) async -> HTTPResponse {
        guard let size = backend.offeredSize(of: digest) else { return await arriving(digest, request, asker) }
        return await offered(digest, size: size, request, asker)
    }

    func offered(_ digest: Digest, size: Int64, _ request: HTTPRequest, _ asker: PeerAsker) async -> HTTPResponse {
        let tag = EntityTag(digest)
        if tag.matches(ifNoneMatch: request.headers["If-None-Match"]) {
            return HTTPResponse(status: .notModified, headers: ["ETag": tag.header])
        }
        var headers = Self.headers(digest)
        guard request.method == .GET else {
            headers.add(name: "Content-Length", value: String(size))
            return HTTPResponse(status: .ok, headers: headers)
        }
        switch Self.range(request, tag).resolve(size: size) {
        case .unsatisfiable:
            return Self.unsatisfiable(size: size)
        case .whole:
            return await upload(digest, size: size, 0..<size, .ok, headers, asker)
        case .partial(let bytes):
            if let contentRange = ContentRange(bytes, size: size) {
                headers.add(name: "Content-Range", value: contentRange.header)
            }
            return await upload(digest, size: size, bytes, .partialContent, headers, asker)
        }
    }

    private func upload(
        _ digest: Digest, size: Int64, _ range: Range<Int64>, _ status: HTTPResponseStatus, _ headers: HTTPHeaders,
        _ asker: PeerAsker
    ) async -> HTTPResponse {
        guard let slot = backend.acquireUpload(of: digest, to: asker.address, inSwarm: asker.isInSwarm) else {
            return busy(digest, at: range.lowerBound, asker)
        }
        do {
            guard let reader = try await backend.openOffered(digest) else { return Self.notOffered(digest) }
            guard reader.size == size else {
                // Only possible while the blob is being withdrawn: the inventory's word was given for another file.
                reader.close()
                return Self.notOffered(digest)
            }
            return sending(digest, HTTPBlobBody(reader: reader, range: range), status, headers, slot)
        } catch {
            return .problem(.notFound, "\(digest) cannot be read here now")
        }
    }

    // MARK: What answers with a blob have in common

    /// An upload, which holds its slot until it is over.
    func sending(
        _ digest: Digest, _ body: HTTPBlobBody, _ status: HTTPResponseStatus, _ headers: HTTPHeaders,
        _ slot: any Sendable
    ) -> HTTPResponse {
        HTTPResponse(
            status: status, headers: headers, body: .blob(body),
            onEnd: { [backend] outcome in
                // Held until now, whether the upload ended well or not.
                withExtendedLifetime(slot) { backend.uploaded(digest, bytes: outcome.bytes) }
            })
    }

    /// No time for this asker, and who may have some.
    func busy(_ digest: Digest, at offset: Int64, _ asker: PeerAsker) -> HTTPResponse {
        var headers: HTTPHeaders = ["Retry-After": "1"]
        let others = backend.otherHolders(of: digest, piece: Int(offset / HashChain.pieceSize))
            .lazy.filter { $0 != asker.node }.prefix(Self.namedHolders)
        if !others.isEmpty {
            headers.add(name: "Shoal-Holders", value: others.map(\.hex).joined(separator: ","))
        }
        return .problem(
            .serviceUnavailable, "as much is being sent as this node allows; ask another holder, or again soon",
            headers: headers)
    }

    static func headers(_ digest: Digest) -> HTTPHeaders {
        [
            "ETag": EntityTag(digest).header, "Accept-Ranges": "bytes", "Content-Type": "application/octet-stream",
        ]
    }

    static func range(_ request: HTTPRequest, _ tag: EntityTag) -> RangeRequest {
        tag.permitsRange(ifRange: request.headers.first(name: "If-Range")) ? RangeRequest(request.headers) : .whole
    }

    static func unsatisfiable(size: Int64) -> HTTPResponse {
        .problem(
            .rangeNotSatisfiable, "the range lies behind the blob's \(size) bytes",
            headers: ["Content-Range": ContentRange.unsatisfied(size: size)])
    }

    static func notOffered(_ digest: Digest) -> HTTPResponse {
        .problem(.notFound, "\(digest) is not offered here")
    }
}
