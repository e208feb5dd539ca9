import CZlib

/// Unpacks gzip (RFC 1952) as its bytes come, one member or several after each other. What it holds of them is zlib's window of 32 KiB.
struct GzipInflater: ~Copyable, @unchecked Sendable {
    // Unchecked: the pointer is reachable through this value only, which cannot be copied, so whoever has it is alone.
    /// At one address from the beginning to the end: zlib keeps it and compares.
    private let stream: UnsafeMutablePointer<z_stream>
    /// Between two members, or behind the last.
    private var isBetween = false
    /// Whether there may be more output without more input: all room was used.
    private(set) var hasMore = false

    /// With gzip's header and checksum around it.
    private static let format: CInt = 15 + 16

    init() throws(ArchiveError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard inflateInit2_(stream, Self.format, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size)) == Z_OK else {
            stream.deallocate()
            throw ArchiveError(.tooLarge, "there is no memory for unpacking gzip; try again")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Unpacks what fits, from the front of `input`.
    /// - Returns: How many bytes were taken, and how many made. Not both are 0 where there is input and room.
    /// - Throws: `.malformed` where the input is no gzip.
    mutating func inflate(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(ArchiveError) -> (taken: Int, made: Int) {
        guard !input.isEmpty || hasMore, !output.isEmpty else { return (0, 0) }
        if isBetween {
            // Tapes are filled up with zeros.
            let zeros = input.prefix { $0 == 0 }.count
            guard zeros == 0 else { return (zeros, 0) }
            guard inflateReset(stream) == Z_OK else { throw Self.damaged }
            isBetween = false
        }
        let (given, room) = (UInt32(clamping: input.count), UInt32(clamping: output.count))
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.bindMemory(to: UInt8.self).baseAddress)  // only read
        stream.pointee.avail_in = given
        stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.avail_out = room
        let status = CZlib.inflate(stream, Z_NO_FLUSH)
        let taken = Int(given - stream.pointee.avail_in)
        let made = Int(room - stream.pointee.avail_out)
        isBetween = status == Z_STREAM_END
        switch status {
        case Z_STREAM_END: hasMore = false
        case Z_OK where taken > 0 || made > 0: hasMore = made == Int(room)
        case Z_BUF_ERROR where input.isEmpty: hasMore = false
        default: throw Self.damaged
        }
        return (taken, made)
    }

    /// No more input will come.
    /// - Throws: `.truncated` in the middle of a member.
    func finish() throws(ArchiveError) {
        guard isBetween else {
            throw ArchiveError(
                .truncated, "the archive was cut: its gzip stream has no end; make or copy it again")
        }
    }

    private static var damaged: ArchiveError {
        ArchiveError(.malformed, "the archive is damaged: its gzip stream cannot be unpacked; make or copy it again")
    }
}
