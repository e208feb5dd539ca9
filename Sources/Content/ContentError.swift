#if canImport(Glibc)
    import Glibc
#endif

/// What went wrong with a store or a spool.
public struct ContentError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// The disk, or the quota on it, is full.
        case noSpace
        case notFound
        /// A file has another size than its blob.
        case sizeMismatch
        /// Bytes do not have the digest that they were to have.
        case digestMismatch
        /// The blob is larger than the store may become.
        case exceedsCapacity
        /// The folder cannot be used as a store.
        case unusable
        /// The system refused; the message says what.
        case io
    }

    public var code: Code
    /// What happened, to which path, and what to do about it.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }

    /// The error of a system call that failed just now.
    static func system(_ doing: String, _ path: String, _ number: CInt) -> ContentError {
        let reason = String(cString: strerror(number))
        switch number {
        case ENOSPC, EDQUOT:
            return ContentError(
                .noSpace, "\(doing) \(path): the disk is full (\(reason)); free space, or lower store.capacity")
        case ENOENT:
            return ContentError(.notFound, "\(doing) \(path): \(reason)")
        case EACCES, EPERM, EROFS:
            return ContentError(
                .io, "\(doing) \(path): \(reason); let the agent's user write there, or set another folder")
        default:
            return ContentError(.io, "\(doing) \(path): \(reason)")
        }
    }
}
