import Glibc
import SystemPackage

/// What went wrong with a store or a spool.
public struct ContentError: Error, CustomStringConvertible {
    /// What a caller can act on.
    public enum Code: String, Sendable, CaseIterable {
        /// The disk, or the quota on it, is full.
        case noSpace
        /// There is no such blob or file.
        case notFound
        /// There are more or fewer bytes than there should be.
        case sizeMismatch
        /// The bytes do not have the digest that they should have.
        case digestMismatch
        /// The blob is larger than the whole store may become, or the spool takes as much as it may.
        case exceedsCapacity
        /// A folder cannot be used as a store or a spool.
        case unusable
        /// The system refused, or a file is not what it was; the message says what.
        case io
    }

    /// What a caller can act on.
    public let code: Code
    /// What happened, to which path or digest, and what to do about it.
    public let message: String
    /// What was behind it: a system error (`Errno`), or what a decoder said.
    public let cause: (any Error)?

    /// Makes an error.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { message }

    /// The error of a system call on `path` that set `errno` to `number`.
    static func system(_ doing: String, _ path: FilePath, _ number: CInt) -> ContentError {
        let cause = Errno(rawValue: number)
        let code: Code
        let mend: String
        switch number {
        case ENOSPC, EDQUOT: (code, mend) = (.noSpace, "; free space on that disk, or lower store.capacity")
        case ENOENT: (code, mend) = (.notFound, "")
        case EACCES, EPERM: (code, mend) = (.io, "; let the agent's user read and write there")
        case EFBIG: (code, mend) = (.io, "; raise the agent's limit on the size of files (LimitFSIZE)")
        case EROFS: (code, mend) = (.io, "; mount it writable, or choose another folder")
        case EMFILE, ENFILE: (code, mend) = (.io, "; raise the limit of open files (LimitNOFILE)")
        case EIO: (code, mend) = (.io, "; the disk may be failing, look at the kernel's log")
        default: (code, mend) = (.io, "")
        }
        return ContentError(code, "\(doing) \(path): \(cause)\(mend)", cause: cause)
    }
}
