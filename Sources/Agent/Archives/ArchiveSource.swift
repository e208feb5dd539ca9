import Archive
public import NIOCore
public import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// The bytes of an archive on the side of whoever has it loaded: a file, what comes through a pipe, or a folder in OCI's layout that is
/// turned into an archive as it is read. For one reading.
public struct ArchiveSource: AsyncSequence, Sendable {
    public typealias Element = ByteBuffer
    public typealias Failure = any Error

    /// What comes next of it.
    enum Segment: Sendable {
        case bytes([UInt8])
        /// A file of a folder; opened when it is its turn.
        case file(FilePath, size: Int64)
        /// A file that is open, of a known size.
        case open(SourceFile, size: Int64)
        /// To its end, wherever that is.
        case stream(SourceFile)
    }

    /// In bytes; nil where nobody knows it.
    public let length: Int64?
    private let segments: [Segment]
    /// Read already.
    private var start: (chunk: ByteBuffer?, rest: AsyncIterator)?

    init(segments: [Segment]) {
        self.segments = segments
        length = segments.reduce(0 as Int64?) { sum, segment in
            switch segment {
            case .bytes(let bytes): sum.map { $0 + Int64(bytes.count) }
            case .file(_, let size), .open(_, let size): sum.map { $0 + size }
            case .stream: nil
            }
        }
    }

    /// A file, a pipe that has a name, or a folder in OCI's layout.
    /// - Throws: `.unreadable` where there is none, with what to do.
    public init(path: FilePath) throws(AdminClientError) {
        let file = try SourceFile(path)
        switch file.status.st_mode & S_IFMT {
        case S_IFDIR: self.init(segments: try LayoutFolder(path).segments)
        case S_IFREG: self.init(segments: [.open(file, size: Int64(file.status.st_size))])
        default: self.init(segments: [.stream(file)])
        }
    }

    /// What comes through an open descriptor, which stays open.
    /// - Throws: `.unreadable` where it is none.
    public init(reading descriptor: CInt, name: String) throws(AdminClientError) {
        self.init(segments: [.stream(try SourceFile(duplicating: descriptor, name: name))])
    }

    /// Waits for the first bytes of it. They are not lost.
    mutating func waitForStart() async throws(AdminClientError) {
        var chunks = makeAsyncIterator()
        do {
            let chunk = try await chunks.next()
            start = (chunk, chunks)
        } catch let error as AdminClientError {
            throw error
        } catch {
            throw AdminClientError(.unreadable, "the archive cannot be read: \(error)", cause: error)
        }
    }

    public func makeAsyncIterator() -> AsyncIterator {
        guard let start else { return AsyncIterator(segments: segments[...]) }
        var iterator = start.rest
        iterator.read = start.chunk
        return iterator
    }

    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        var segments: ArraySlice<Segment>
        /// The file that is being read, and what is left of it.
        var file: (file: SourceFile, offset: Int64, left: Int64)?
        /// Read already.
        var read: ByteBuffer?

        init(segments: ArraySlice<Segment>) {
            self.segments = segments
        }

        public mutating func next() async throws -> ByteBuffer? {
            if let read {
                self.read = nil
                return read
            }
            while true {
                try Task.checkCancellation()
                if let (file, offset, left) = file {
                    self.file = nil
                    guard left > 0 else { continue }
                    let chunk = try await file.chunk(at: offset, limit: left)
                    let count = Int64(chunk.readableBytes)
                    guard count > 0 else {
                        throw AdminClientError(
                            .unreadable, "\(file.name) became shorter while it was read; load it again when it is whole"
                        )
                    }
                    self.file = (file, offset + count, left - count)
                    return chunk
                }
                switch segments.first {
                case nil: return nil
                case .bytes(let bytes)?:
                    segments.removeFirst()
                    return ByteBuffer(bytes: bytes)
                case .file(let path, let size)?:
                    segments.removeFirst()
                    file = (try SourceFile(path), 0, size)
                case .open(let open, let size)?:
                    segments.removeFirst()
                    file = (open, 0, size)
                case .stream(let stream)?:
                    let chunk = try await stream.chunk()
                    if chunk.readableBytes > 0 { return chunk }
                    segments.removeFirst()
                }
            }
        }
    }
}
