import NIOCore

/// The bytes of an archive, unpacked where they are packed by gzip: chunks go in, and come out as they are or unpacked.
struct ArchiveBytes: ~Copyable {
    private enum Form {
        case unknown, plain, gzip
    }

    /// How many unpacked bytes come at once.
    private static let step = 256 << 10

    private var form = Form.unknown
    private var input = ByteBuffer()
    private var hasEnded = false
    private var inflater: GzipInflater?

    /// More of it. ``next()`` is to be called then until it answers nil.
    mutating func add(_ chunk: ByteBuffer) {
        // Without a copy, unless the first bytes of all are still waited for.
        if input.readableBytes == 0 { input = chunk } else { input.writeImmutableBuffer(chunk) }
    }

    /// That was all. ``next()`` is to be called then until it answers nil.
    mutating func end() { hasEnded = true }

    /// The next bytes of the archive; nil: more has to come.
    /// - Throws: Where the archive is compressed by something else, or damaged; after ``end()`` also where it was cut.
    mutating func next() throws(ArchiveError) -> ByteBuffer? {
        if form == .unknown {
            guard input.readableBytes >= ArchiveCompression.length || hasEnded else { return nil }
            try begin()
        }
        if form == .gzip { return try unpacked() }
        defer { input = ByteBuffer() }
        return input.readableBytes > 0 ? input : nil
    }

    private mutating func begin() throws(ArchiveError) {
        let compression = ArchiveCompression(input.readableBytesView)
        if let tool = compression.tool {
            throw ArchiveError(
                .compressed,
                "the archive is compressed by \(compression), which is not unpacked here; "
                    + "unpack it on the way: \(tool) FILE | shoal load -")
        }
        form = compression == .gzip ? .gzip : .plain
        if form == .gzip { inflater = try GzipInflater() }
    }

    private mutating func unpacked() throws(ArchiveError) -> ByteBuffer? {
        var output = ByteBuffer()
        while output.readableBytes == 0, input.readableBytes > 0 || inflater?.hasMore == true {
            var failure: ArchiveError?
            var taken = 0
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.step) { room in
                input.withUnsafeReadableBytes { bytes in
                    do throws(ArchiveError) {
                        guard let step = try inflater?.inflate(bytes, into: room) else { return 0 }
                        taken = step.taken
                        return step.made
                    } catch {
                        failure = error
                        return 0
                    }
                }
            }
            if let failure { throw failure }
            input.moveReaderIndex(forwardBy: taken)
        }
        if output.readableBytes > 0 { return output }
        if hasEnded { try inflater?.finish() }
        return nil
    }
}
