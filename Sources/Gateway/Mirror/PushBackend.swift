public import Content
public import OCI

/// What the routes for pushes need; the agent's registry of the local namespace answers.
///
/// Errors: a `DistributionError`, which the client gets as it is; what the body's reader throws.
public protocol PushBackend: Sendable {
    // MARK: Blobs

    /// Begins an upload.
    func beginUpload(in repository: RepositoryName) async throws -> UploadName

    /// Bytes of an upload that have arrived.
    func received(_ upload: UploadName, in repository: RepositoryName) async throws -> Int64

    /// Adds a body to an upload.
    /// - Parameter start: where the client says that it belongs; nil: at the end.
    /// - Returns: bytes that have arrived now.
    func append(
        _ body: any HTTPBodyReader, to upload: UploadName, in repository: RepositoryName, at start: Int64?
    ) async throws -> Int64

    /// Makes an upload the blob that it should be, or drops it.
    func finish(_ upload: UploadName, in repository: RepositoryName, as digest: Digest) async throws

    /// Drops an upload.
    func cancel(_ upload: UploadName, in repository: RepositoryName) async throws

    /// Whether a blob that is at hand can be had in another repository without being pushed again.
    func mount(_ digest: Digest, in repository: RepositoryName) async throws -> Bool

    /// Deletes a blob.
    func deleteBlob(_ digest: Digest, in repository: RepositoryName) async throws

    // MARK: Manifests

    /// Takes in a manifest.
    /// - Returns: its digest, and what it refers to.
    func push(
        _ bytes: [UInt8], mediaType: MediaType?, as reference: ManifestReference, in repository: RepositoryName
    ) async throws -> (digest: Digest, subject: Digest?)

    /// Deletes a tag, or a manifest with its tags.
    func deleteManifest(_ reference: ManifestReference, in repository: RepositoryName) async throws
}
