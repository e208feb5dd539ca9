import Content
import NIOHTTP1
import OCI

/// Manifests and blobs: what every pull consists of.
extension MirrorResponder {
    // MARK: Manifests

    func manifest(
        _ reference: ManifestReference, _ place: MirrorPlace, _ form: MirrorForm, _ request: HTTPRequest
    ) async throws -> HTTPResponse {
        let accept = AcceptHeader(values: request.headers["Accept"])
        let manifest = try await backend.manifest(
            MirrorManifestQuestion(
                reference: reference, place: place, form: form, authorization: access.authorization(of: request),
                accept: accept, isGet: request.method == .GET, requestID: request.id))
        if case .tag = reference, !accept.accepts(manifest.mediaType) {
            throw MirrorFailure(
                .notFound, "\(place):\(reference) is of type \(manifest.mediaType), which the request's Accept excludes"
            )
        }
        let tag = EntityTag(manifest.digest)
        var headers = Self.headers(manifest.digest, tag)
        if tag.matches(ifNoneMatch: request.headers["If-None-Match"]) {
            return HTTPResponse(status: .notModified, headers: headers)
        }
        // Without it containerd's pull fails.
        headers.add(name: "Content-Type", value: manifest.mediaType.rawValue)
        return HTTPResponse(status: .ok, headers: headers, body: .bytes(manifest.bytes))
    }

    // MARK: Blobs

    func blob(
        _ digest: Digest, _ place: MirrorPlace, _ form: MirrorForm, _ request: HTTPRequest
    ) async throws -> HTTPResponse {
        let tag = EntityTag(digest)
        var headers = Self.headers(digest, tag)
        var question = MirrorBlobQuestion(
            digest: digest, place: place, form: form, authorization: access.authorization(of: request), range: .whole,
            requestID: request.id)
        let isKnown = tag.matches(ifNoneMatch: request.headers["If-None-Match"])
        guard request.method == .GET, !isKnown else {
            let size = try await backend.blobSize(question)
            guard !isKnown else { return HTTPResponse(status: .notModified, headers: headers) }
            headers.add(name: "Content-Type", value: "application/octet-stream")
            headers.add(name: "Accept-Ranges", value: "bytes")
            headers.add(name: "Content-Length", value: String(size))
            return HTTPResponse(status: .ok, headers: headers)
        }
        if tag.permitsRange(ifRange: request.headers.first(name: "If-Range")) {
            question.range = RangeRequest(request.headers)
        }
        return try await opened(question, headers)
    }

    private func opened(_ question: MirrorBlobQuestion, _ headers: HTTPHeaders) async throws -> HTTPResponse {
        let reader: any BlobReader
        do {
            reader = try await backend.openBlob(question)
        } catch  where backend.isDiskFull(error) {
            let size = try await backend.blobSize(question)
            return try await ranged(question, headers, size: size) { range in
                let stream = try await backend.passThrough(question, after: nil, rest: range)
                return .stream(stream, length: Int64(range.count))
            }
        }
        do {
            return try await ranged(question, headers, size: reader.size) { range in
                .blob(
                    HTTPBlobBody(reader: reader, range: range) { [backend] error, rest in
                        guard backend.isDiskFull(error) else { return nil }
                        return try await backend.passThrough(question, after: reader, rest: rest)
                    })
            }
        } catch {
            reader.close()
            throw error
        }
    }

    /// 200, 206, or the error that becomes a 416.
    private func ranged(
        _ question: MirrorBlobQuestion, _ headers: HTTPHeaders, size: Int64,
        body: (Range<Int64>) async throws -> HTTPResponse.Body
    ) async throws -> HTTPResponse {
        var headers = headers
        headers.add(name: "Content-Type", value: "application/octet-stream")
        headers.add(name: "Accept-Ranges", value: "bytes")
        switch question.range.resolve(size: size) {
        case .whole:
            return HTTPResponse(status: .ok, headers: headers, body: try await body(0..<size))
        case .partial(let range):
            if let contentRange = ContentRange(range, size: size) {
                headers.add(name: "Content-Range", value: contentRange.header)
            }
            return HTTPResponse(status: .partialContent, headers: headers, body: try await body(range))
        case .unsatisfiable:
            throw MirrorFailure(
                .rangeUnsatisfiable(size: size), "the range lies behind the blob's \(size) bytes")
        }
    }

    private static func headers(_ digest: Digest, _ tag: EntityTag) -> HTTPHeaders {
        ["Docker-Content-Digest": "\(digest)", "ETag": tag.header]
    }
}

extension RangeRequest {
    /// Reads a request's `Range`; two such fields are as little use as two ranges.
    init(_ headers: HTTPHeaders) {
        let fields = headers["Range"]
        self.init(header: fields.count == 1 ? fields[0] : nil)
    }
}
