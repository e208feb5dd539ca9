import Content
import Gateway
import OCI
import Registry

/// What stands behind the routes for pushes: the registry of the local namespace.
struct PushService: PushBackend {
    let registry: LocalRegistry

    func beginUpload(in repository: RepositoryName) async throws -> UploadName {
        try registry.begin(in: repository)
    }

    func received(_ upload: UploadName, in repository: RepositoryName) async throws -> Int64 {
        try registry.uploads.count(of: upload, in: repository)
    }

    func append(
        _ body: any HTTPBodyReader, to upload: UploadName, in repository: RepositoryName, at start: Int64?
    ) async throws -> Int64 {
        try await registry.uploads.append(to: upload, in: repository, at: start) { try await body.next() }
    }

    func finish(_ upload: UploadName, in repository: RepositoryName, as digest: Digest) async throws {
        try await registry.finish(upload, in: repository, as: digest)
    }

    func cancel(_ upload: UploadName, in repository: RepositoryName) async throws {
        try registry.uploads.cancel(upload, in: repository)
    }

    func mount(_ digest: Digest, in repository: RepositoryName) async throws -> Bool {
        try await registry.mount(digest, in: repository)
    }

    func deleteBlob(_ digest: Digest, in repository: RepositoryName) async throws {
        try await registry.deleteBlob(digest)
    }

    func push(
        _ bytes: [UInt8], mediaType: MediaType?, as reference: ManifestReference, in repository: RepositoryName
    ) async throws -> (digest: Digest, subject: Digest?) {
        let pushed = try await registry.push(bytes, mediaType: mediaType, as: LocalName(repository, reference))
        return (pushed.digest, pushed.subject)
    }

    func deleteManifest(_ reference: ManifestReference, in repository: RepositoryName) async throws {
        try await registry.delete(LocalName(repository, reference))
    }
}
