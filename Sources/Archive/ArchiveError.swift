/// Why an archive of images was not read, or not written.
///
/// The message is one sentence for an operator: what happened, to what, what to do. Names from the archive stand in it quoted.
public struct ArchiveError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public enum Code: String, Sendable, CaseIterable {
        /// The bytes are no tar archive.
        case notAnArchive
        /// They are compressed by something that is not unpacked here.
        case compressed
        /// They end before the archive does.
        case truncated
        /// They break the rules of their format.
        case malformed
        /// They use a part of it that is not read here.
        case unsupported
        /// Something has more of it than is read.
        case tooLarge
        /// Content is not what its digest says.
        case damaged
        /// An image lacks a part.
        case incomplete
        /// It is an archive, and no image is in it.
        case noImage
        /// An image has no name that it could be known by here.
        case nameless
    }

    /// What is wrong.
    public let code: Code
    /// What happened, to what, and what to do.
    public let message: String

    /// Makes an error of its parts.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
