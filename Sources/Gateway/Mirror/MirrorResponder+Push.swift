import Content
import NIOHTTP1
import OCI

/// Pushes (distribution-spec, "Push" and "Content Management"): to the local namespace, and nowhere else.
extension MirrorResponder {
    func push(_ request: HTTPRequest, _ address: MirrorAddress) async throws -> HTTPResponse {
        let repository = try place(of: address)
        guard let pushes else {
            throw DistributionError(code: .unsupported, message: "nothing can be pushed to this address")
        }
        switch (address.route, request.method) {
        case (.uploads, _): return try await begin(pushes, repository, request)
        case (.upload(_, let text), let method):
            guard let upload = UploadName(text) else {
                throw DistributionError(
                    code: .blobUploadUnknown, message: "there is no such upload", detail: String(text.prefix(64)))
            }
            return try await go(on: upload, method, pushes, repository, request)
        case (.manifest(_, let reference), .PUT):
            return try await pushManifest(reference, pushes, repository, request)
        case (.manifest(_, let reference), _):
            try await pushes.deleteManifest(reference, in: repository)
            return HTTPResponse(status: .accepted)
        case (.blob(_, let digest), _):
            try await pushes.deleteBlob(digest, in: repository)
            return HTTPResponse(status: .accepted)
        default:
            throw DistributionError(code: .nameUnknown, message: "path is no end point of the distribution API")
        }
    }

    /// The repository of the local namespace. What is pushed never leaves for a registry.
    private func place(of address: MirrorAddress) throws(DistributionError) -> RepositoryName {
        switch address.place {
        case .local(let repository): return repository
        case .registry(let origin):
            throw DistributionError(
                code: .unsupported,
                message: "\(origin) belongs to a registry, and this is a mirror: push there directly, or to "
                    + "\(ImageReference.localRegistry)/… with a first component that has no dot")
        case nil:
            throw DistributionError(code: .nameInvalid, message: "the path names no repository")
        }
    }

    // MARK: Blobs

    private func begin(
        _ pushes: any PushBackend, _ repository: RepositoryName, _ request: HTTPRequest
    ) async throws -> HTTPResponse {
        if let digest = try Self.digest(request, "mount"), try await pushes.mount(digest, in: repository) {
            return Self.created("/v2/\(repository)/blobs/\(digest)", digest)
        }
        let digest = try Self.digest(request, "digest")
        let upload = try await pushes.beginUpload(in: repository)
        guard let digest, let body = request.stream else {
            return Self.accepted(upload, repository, received: 0)
        }
        do {
            _ = try await pushes.append(body, to: upload, in: repository, at: 0)
        } catch {
            try? await pushes.cancel(upload, in: repository)
            throw error
        }
        try await pushes.finish(upload, in: repository, as: digest)
        return Self.created("/v2/\(repository)/blobs/\(digest)", digest)
    }

    private func go(
        on upload: UploadName, _ method: HTTPMethod, _ pushes: any PushBackend, _ repository: RepositoryName,
        _ request: HTTPRequest
    ) async throws -> HTTPResponse {
        switch method {
        case .GET, .HEAD:
            var response = Self.accepted(
                upload, repository, received: try await pushes.received(upload, in: repository))
            response.status = .noContent
            return response
        case .DELETE:
            try await pushes.cancel(upload, in: repository)
            return HTTPResponse(status: .noContent)
        default:
            break
        }
        let digest = try Self.digest(request, "digest")
        if method == .PUT, digest == nil {
            throw DistributionError(code: .digestInvalid, message: "the query parameter 'digest' is missing")
        }
        let start = try Self.start(request)
        var received = try await pushes.received(upload, in: repository)
        // Told before the body is read: what is out of order is not stored.
        guard start == nil || start == received else { return Self.outOfOrder(upload, repository, received) }
        if let body = request.stream {
            received = try await pushes.append(body, to: upload, in: repository, at: start)
        }
        guard method == .PUT, let digest else { return Self.accepted(upload, repository, received: received) }
        try await pushes.finish(upload, in: repository, as: digest)
        return Self.created("/v2/\(repository)/blobs/\(digest)", digest)
    }

    // MARK: Manifests

    private func pushManifest(
        _ reference: ManifestReference, _ pushes: any PushBackend, _ repository: RepositoryName,
        _ request: HTTPRequest
    ) async throws -> HTTPResponse {
        var mediaType: MediaType?
        if let type = request.headers.first(name: "Content-Type") {
            do throws(OCIError) {
                mediaType = try MediaType(type)
            } catch {
                throw DistributionError(code: .manifestInvalid, message: error.message)
            }
        }
        let bytes = try await request.stream?.collect(limit: ManifestDocument.maximumSize) ?? []
        let (digest, subject) = try await pushes.push(bytes, mediaType: mediaType, as: reference, in: repository)
        var response = Self.created("/v2/\(repository)/manifests/\(digest)", digest)
        if let subject { response.headers.add(name: "OCI-Subject", value: "\(subject)") }
        return response
    }

    // MARK: Parts

    private static func digest(_ request: HTTPRequest, _ name: String) throws(DistributionError) -> Digest? {
        do throws(OCIError) {
            guard let text = try Query(request.query).value(of: name), !text.isEmpty else { return nil }
            return try Digest(text)
        } catch {
            throw DistributionError(code: .digestInvalid, message: "query parameter '\(name)': \(error.message)")
        }
    }

    /// Where the client says that its chunk belongs; nil where it does not say.
    private static func start(_ request: HTTPRequest) throws(DistributionError) -> Int64? {
        guard let text = request.headers.first(name: "Content-Range") else { return nil }
        guard let range = ChunkRange(text) else {
            throw DistributionError(
                code: .blobUploadInvalid, message: "Content-Range is not of the form <start>-<end>, both inclusive")
        }
        if let length = request.contentLength, length != range.count {
            throw DistributionError(
                code: .sizeInvalid, message: "Content-Range names \(range.count) bytes, and Content-Length \(length)")
        }
        return range.start
    }

    private static func accepted(_ upload: UploadName, _ repository: RepositoryName, received: Int64) -> HTTPResponse {
        HTTPResponse(status: .accepted, headers: progress(upload, repository, received))
    }

    /// "If a chunk is uploaded out of order, the registry MUST respond with a 416".
    private static func outOfOrder(
        _ upload: UploadName, _ repository: RepositoryName, _ received: Int64
    ) -> HTTPResponse {
        var response = HTTPResponse.distributionError(
            DistributionError(
                code: .rangeInvalid, message: "the chunk is out of order: the upload has \(received) bytes, go on there"
            ))
        response.headers.add(contentsOf: progress(upload, repository, received))
        return response
    }

    private static func progress(
        _ upload: UploadName, _ repository: RepositoryName, _ received: Int64
    ) -> HTTPHeaders {
        [
            "Location": "/v2/\(repository)/blobs/uploads/\(upload)", "Range": "0-\(max(0, received - 1))",
            "Docker-Upload-UUID": "\(upload)",
        ]
    }

    private static func created(_ location: String, _ digest: Digest) -> HTTPResponse {
        HTTPResponse(status: .created, headers: ["Location": location, "Docker-Content-Digest": "\(digest)"])
    }
}
