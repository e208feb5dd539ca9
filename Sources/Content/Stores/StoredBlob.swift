public import OCI

/// A whole, verified blob, open for reading: all of it may go out at once.
///
/// It stays readable when the store lets the blob go; the file is closed with the last value that refers to it.
public struct StoredBlob: BlobReader {
    /// What was opened.
    public let digest: Digest
    public let size: Int64
    /// The file; the blob is all of it.
    public let file: OpenFile
    private let doubt: (@Sendable (_ reason: String) async -> Void)?

    /// Makes a reader of a file that has been verified.
    /// - Parameter doubt: called where the file turns out not to be readable any more.
    public init(
        digest: Digest, size: Int64, file: OpenFile, doubt: (@Sendable (_ reason: String) async -> Void)? = nil
    ) {
        self.digest = digest
        self.size = size
        self.file = file
        self.doubt = doubt
    }

    /// Returns at once.
    /// - Throws: ``ContentError`` with `.io` past the blob's end, and where somebody has cut the file short behind the
    ///   store's back: a `sendfile` of a region past a file's end never finishes.
    public func next(at offset: Int64, limit: Int64) async throws -> FileSlice {
        guard 0..<size ~= offset, limit > 0 else {
            throw ContentError(.io, "\(digest) has \(size) bytes; it was asked for \(limit) at \(offset)")
        }
        let actual = try file.size()
        guard actual >= size else {
            let reason = "its file was cut from \(size) to \(actual) bytes"
            await doubt?(reason)
            throw ContentError(.io, "\(digest) cannot be read: \(reason); run 'shoal verify' to drop it")
        }
        return FileSlice(file: file, offset: offset, length: min(limit, size - offset))
    }

    /// Lets the store doubt the blob.
    public func unreadable(because reason: String) async -> Bool {
        await doubt?(reason)
        return false
    }

    /// Does nothing: see above.
    public func close() {}
}
