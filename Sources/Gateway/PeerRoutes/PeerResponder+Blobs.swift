import Content
import NIOHTTP1
import OCI

/// Uploads to peers.
extension PeerResponder {
    func blob(_ digest: Digest, _ request: HTTPRequest) async -> HTTPResponse {
        guard let size = backend.offeredSize(of: digest) else { return Self.notOffered(digest) }
        let tag = EntityTag(digest)
        var headers: HTTPHeaders = ["ETag": tag.header]
        if tag.matches(ifNoneMatch: request.headers["If-None-Match"]) {
            return HTTPResponse(status: .notModified, headers: headers)
        }
        headers.add(name: "Accept-Ranges", value: "bytes")
        headers.add(name: "Content-Type", value: "application/octet-stream")
        guard request.method == .GET else {
            headers.add(name: "Content-Length", value: String(size))
            return HTTPResponse(status: .ok, headers: headers)
        }
        let range =
            tag.permitsRange(ifRange: request.headers.first(name: "If-Range")) ? RangeRequest(request.headers) : .whole
        switch range.resolve(size: size) {
        case .unsatisfiable:
            return .problem(
                .rangeNotSatisfiable, "the range lies behind the blob's \(size) bytes",
                headers: ["Content-Range": ContentRange.unsatisfied(size: size)])
        case .whole:
            return await upload(digest, size: size, 0..<size, .ok, headers)
        case .partial(let bytes):
            if let contentRange = ContentRange(bytes, size: size) {
                headers.add(name: "Content-Range", value: contentRange.header)
            }
            return await upload(digest, size: size, bytes, .partialContent, headers)
        }
    }

    private func upload(
        _ digest: Digest, size: Int64, _ range: Range<Int64>, _ status: HTTPResponseStatus, _ headers: HTTPHeaders
    ) async -> HTTPResponse {
        guard let slot = backend.acquireUpload() else {
            return .problem(
                .serviceUnavailable,
                "as many uploads are running as this node allows; ask another holder, or again soon",
                headers: ["Retry-After": "1"])
        }
        do {
            guard let reader = try await backend.openOffered(digest) else { return Self.notOffered(digest) }
            guard reader.size == size else {
                // Only possible while the blob is being withdrawn: the inventory's word was given for another file.
                reader.close()
                return Self.notOffered(digest)
            }
            return HTTPResponse(
                status: status, headers: headers, body: .blob(HTTPBlobBody(reader: reader, range: range)),
                onEnd: { [backend] outcome in
                    // Held until now, whether the upload ended well or not.
                    withExtendedLifetime(slot) { backend.uploaded(digest, bytes: outcome.bytes) }
                })
        } catch {
            return .problem(.notFound, "\(digest) cannot be read here now")
        }
    }

    private static func notOffered(_ digest: Digest) -> HTTPResponse {
        .problem(.notFound, "\(digest) is not offered here")
    }
}
