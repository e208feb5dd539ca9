import Content
import OCI

/// A store whose blobs are proven.
struct ProofPlace: Sendable {
    var place: BlobPlace
    var store: any ProvableStore
}

/// A blob in one of the stores.
struct ProofItem: Hashable, Sendable {
    var place: BlobPlace
    var blob: ProvableBlob

    var id: ProofItemID { ProofItemID(place: place, digest: blob.digest) }
}

/// The same blob may be in both stores.
struct ProofItemID: Hashable, Sendable {
    var place: BlobPlace
    var digest: Digest
}
