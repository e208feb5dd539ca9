public import NIOCore
public import OCI

/// Where the blobs of an archive go. One archive is read by one task, a blob after the other.
public protocol ArchiveSink: Sendable {
    /// A blob comes.
    ///
    /// - Parameters:
    ///   - declared: what the archive says it is; nil where nobody has hashed it: it is known by SHA-256 then.
    ///   - size: how many bytes will be written, in bytes. An archive may claim anything.
    /// - Returns: What takes it; nil where a blob with the declared digest is held already: its bytes are passed over.
    func begin(declared: Digest?, size: Int64) async throws -> (any ArchiveBlob)?

    /// All bytes of a blob that has come this way or is held, such as a manifest.
    /// - Parameter size: how many it has; some MiB at most are asked for.
    func read(_ digest: Digest, size: Int64) async throws -> [UInt8]
}

/// A blob on its way into a sink. Either ``finish()`` or ``abandon()`` is called once, and nothing after it.
public protocol ArchiveBlob: Sendable {
    /// Takes the next bytes. Returns when more may come.
    func write(_ bytes: ByteBuffer) async throws

    /// All bytes have come: makes the blob last.
    ///
    /// What is kept must not be collected as garbage for as long as the load goes on, though no name leads to it yet.
    /// - Returns: What it hashes to, and its size in bytes.
    /// - Throws: Where the bytes are not what was declared, or cannot be kept. Nothing of them is there then.
    func finish() async throws -> (digest: Digest, size: Int64)

    /// The rest will not come: nothing of it is to stay.
    func abandon() async
}
