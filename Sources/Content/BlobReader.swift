public import OCI

/// What the body of an answer is read from: hands out parts of a file when they may go out.
public protocol BlobReader: Sendable {
    /// The size of the whole blob in bytes.
    var size: Int64 { get }
    /// Waits until bytes from `offset` on may go out, and gives 1 to `limit` of them.
    ///
    /// Throws when none ever will. Cancelling the task ends the wait.
    func next(at offset: Int64, limit: Int64) async throws -> FileSlice
    /// No more is wanted. May be called more than once.
    func close()
}

/// A blob in a store: all of it may go out.
public struct StoredBlob: BlobReader {
    public let digest: Digest
    public let size: Int64
    public let file: OpenFile

    public init(digest: Digest, size: Int64, file: OpenFile) {
        self.digest = digest
        self.size = size
        self.file = file
    }

    /// - Throws: ``ContentError`` with `.sizeMismatch` where somebody has cut the file behind the store's back: `sendfile` past
    ///   a file's end would never come to one.
    public func next(at offset: Int64, limit: Int64) async throws -> FileSlice {
        let actual = try file.size()
        guard actual >= size else {
            throw ContentError(
                .sizeMismatch, "\(digest) has \(actual) bytes on disk instead of \(size); remove the file")
        }
        return FileSlice(file: file, offset: offset, length: min(limit, size - offset))
    }

    public func close() {}

    /// All bytes of a blob that is known to be small.
    public func readAll() throws(ContentError) -> [UInt8] {
        try file.readAll(size: size)
    }
}
