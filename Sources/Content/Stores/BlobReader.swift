/// What the body of an answer is read from: hands out regions of a file as they may go out.
public protocol BlobReader: Sendable {
    /// The size of the whole blob in bytes, whatever part of it is here.
    var size: Int64 { get }

    /// Waits until bytes from `offset` on may go out, and gives 1 to `limit` of them.
    ///
    /// Cancelling the task ends the wait.
    /// - Throws: When no such bytes will ever go out.
    func next(at offset: Int64, limit: Int64) async throws -> FileSlice

    /// Says that bytes which ``next(at:limit:)`` gave cannot be read: the disk fails, or somebody cut the file.
    /// - Returns: whether they may be had from elsewhere, and are to be asked for again.
    func unreadable(because reason: String) async -> Bool

    /// The reader needs no more. May be called more than once.
    func close()
}

extension BlobReader {
    /// There is nowhere else.
    public func unreadable(because reason: String) async -> Bool { false }
}
