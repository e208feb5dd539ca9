public import Gateway
public import OCI

/// Who loads and saves archives of images when told to.
public protocol Archiving: Sendable {
    /// Begins to load; the load ends when the stream is dropped.
    ///
    /// Events come while the body is read: whoever sends it has to listen meanwhile.
    func load(_ query: LoadQuery, from body: any HTTPBodyReader) -> LoadStart

    /// Lays out an archive of images. What is held for it is held by its body.
    /// - Throws: ``SaveFailure``, before a byte is read.
    func save(_ images: [ImageReference]) async throws(SaveFailure) -> SavedArchive
}

/// What became of a wish to load.
public enum LoadStart: Sendable {
    case begun(AsyncStream<LoadEvent>)
    /// As many run as may at once.
    case busy
}

/// An archive that is ready to be sent.
public struct SavedArchive: Sendable {
    /// Of the whole, in bytes.
    public var length: Int64
    /// Fails where a blob cannot be read: what was sent is no archive then.
    public var body: HTTPBodyStream
}

/// Why images are not saved.
public struct SaveFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// What to make of it.
    public enum Code: Sendable, Equatable {
        /// Nobody has such an image, or a part of it.
        case notFound
        /// The agent cannot do it now.
        case broken
    }

    public var code: Code
    /// What happened, to what, and what to do.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
