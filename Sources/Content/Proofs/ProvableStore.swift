public import OCI

/// A blob, and what is known of its proof.
public struct ProvableBlob: Hashable, Sendable {
    /// The blob.
    public var digest: Digest
    /// In bytes.
    public var size: Int64
    /// When this agent last hashed its file whole (seconds since 1970); nil where it has not hashed that file.
    public var provenAt: Int64?
    /// Whether nobody is told of it until it is proven: its file is younger than a crash, or could not be read.
    public var isHeldBack: Bool
    /// Whether it is known to be held back because it could not be read, however often this agent starts.
    public var isDoubted: Bool

    /// Makes a record of its parts.
    public init(digest: Digest, size: Int64, provenAt: Int64?, isHeldBack: Bool = false, isDoubted: Bool = false) {
        self.digest = digest
        self.size = size
        self.provenAt = provenAt
        self.isHeldBack = isHeldBack
        self.isDoubted = isDoubted
    }
}

/// A blob opened to be hashed, and which file that is.
public struct ProofReading: Sendable {
    /// The bytes, from the blob's first.
    public var reader: any BlobReader
    /// What a proof is a proof of.
    public var identity: FileIdentity

    /// Makes a reading of its parts.
    public init(reader: any BlobReader, identity: FileIdentity) {
        self.reader = reader
        self.identity = identity
    }
}

/// A blob whose bytes are wrong.
public struct DamagedBlob: Hashable, Sendable {
    /// The blob.
    public var digest: Digest
    /// In bytes, as it should be.
    public var size: Int64
    /// What is wrong with it.
    public var reason: String

    /// Makes a record of its parts.
    public init(digest: Digest, size: Int64, reason: String) {
        self.digest = digest
        self.size = size
        self.reason = reason
    }
}

/// A store whose blobs can be read again, to see whether they still are what they were.
public protocol ProvableStore: BlobStore {
    /// Every blob, those held back included, and those known to be damaged not, from memory, in no order.
    func provable() -> [ProvableBlob]

    /// Blobs known to be damaged that the store cannot mend by itself: they are held, and not offered.
    func damaged() -> [DamagedBlob]

    /// Opens a blob to hash it, one that is held back too; that is no use of it. Nil where the store has none of the digest.
    func openToProve(_ digest: Digest) async throws(ContentError) -> ProofReading?

    /// A file was hashed whole and is right: the store notes it in its ledger, holds the blob back no longer, and tells its
    /// subscribers where that changes anything for them.
    func proved(_ digest: Digest, as identity: FileIdentity) async

    /// A file of a blob is damaged; nil: there is none. As ``BlobStore/withdraw(_:because:)``, where the blob has not come anew meanwhile.
    func withdraw(_ digest: Digest, file: FileIdentity?, because reason: String) async
}

extension ProvableStore {
    /// None: a store of one's own lets a damaged blob go.
    public func damaged() -> [DamagedBlob] { [] }

    /// Whatever file it has now.
    public func withdraw(_ digest: Digest, file: FileIdentity?, because reason: String) async {
        await withdraw(digest, because: reason)
    }
}
