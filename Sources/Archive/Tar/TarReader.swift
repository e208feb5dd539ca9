/// Reads a tar archive as its bytes come: ustar, pax, GNU's long names and large numbers. Holds one header or extended header, no content.
///
/// Nothing is ever unpacked by a name that stands in an archive; what a name is worth is its reader's matter.
public struct TarReader: Sendable {
    /// What the bytes that were taken mean.
    public enum Event: Hashable, Sendable {
        /// Nothing yet, or nothing that matters.
        case more
        /// An entry begins. Its content follows, then ``entryEnd``.
        case entry(TarEntry)
        /// The bytes taken are content of the entry, the next of it.
        case content
        /// The entry has ended.
        case entryEnd
        /// The archive has. What follows is taken and means nothing: a block of a tape is filled up.
        case end
    }

    private enum State {
        case header
        /// Of an extension of the next header, by its flag.
        case extended(UInt8, left: Int, padding: Int)
        case content(left: Int64, padding: Int)
        /// What has no meaning: padding, and what global headers say.
        case skipping(Int64)
        /// With so many bytes behind it.
        case ended(Int64)
    }

    /// More than any tape's blocks have. What goes on for ever is not listened to for ever.
    private static let trailingLimit: Int64 = 16 << 20

    /// Whether the archive's mark of its end has been seen; some writers leave it out.
    public private(set) var isMarked = false

    private var state = State.header
    private var offset: Int64 = 0
    private var entries = 0
    /// What has come of a header or an extended one.
    private var pending: [UInt8] = []
    /// What is known of the next entry beside its header.
    private var pax = PaxRecords()
    private var longName: [UInt8]?
    private var longLink: [UInt8]?
    private var name = ""

    /// At an archive's first byte.
    public init() {}

    /// Takes bytes from the front of what there is: at least one where there are any, unless the event is ``Event/entryEnd``.
    ///
    /// Call it with what it left, until it answers ``Event/more`` having taken nothing: then it needs more.
    /// - Throws: Where the bytes are no tar archive, or one that is not read here. Nothing more is to be given to it then.
    public mutating func next(in bytes: UnsafeRawBufferPointer) throws(ArchiveError) -> (event: Event, taken: Int) {
        switch state {
        case .header:
            let taken = collect(bytes, upTo: TarHeader.blockSize)
            guard pending.count == TarHeader.blockSize else { return (.more, taken) }
            return (try header(), taken)
        case .extended(let flag, let left, let padding):
            let taken = collect(bytes, upTo: pending.count + left)
            guard taken == left else {
                state = .extended(flag, left: left - taken, padding: padding)
                return (.more, taken)
            }
            try extend(flag)
            state = .skipping(Int64(padding))
            return (.more, taken)
        case .content(0, let padding):
            state = .skipping(Int64(padding))
            return (.entryEnd, 0)
        case .content(let left, let padding):
            let taken = Int(min(left, Int64(bytes.count)))
            guard taken > 0 else { return (.more, 0) }
            offset += Int64(taken)
            state = .content(left: left - Int64(taken), padding: padding)
            return (.content, taken)
        case .skipping(0):
            state = .header
            return try next(in: bytes)
        case .skipping(let left):
            let taken = Int(min(left, Int64(bytes.count)))
            offset += Int64(taken)
            state = .skipping(left - Int64(taken))
            return (.more, taken)
        case .ended(let count):
            guard count <= Self.trailingLimit else {
                throw ArchiveError(
                    .malformed,
                    "the archive has ended at byte \(offset), and more follows; are there two archives in one file?")
            }
            state = .ended(count + Int64(bytes.count))
            return (.more, bytes.count)
        }
    }

    /// No more bytes will come.
    /// - Throws: `.truncated` where the archive had not ended. One without the mark of its end is taken where no entry is cut.
    public func finish() throws(ArchiveError) {
        switch state {
        case .ended: return
        case .skipping(0), .header:
            let isBetween = pending.isEmpty && pax == PaxRecords() && longName == nil && longLink == nil
            guard isBetween else { break }
            guard entries > 0 || isMarked else {
                throw ArchiveError(.notAnArchive, "there is nothing in the archive: not one byte; was it cut?")
            }
            return
        case .content(0, 0): return
        case .content(let left, _) where left > 0:
            throw ArchiveError(
                .truncated, "the archive was cut: \(left) bytes of \(Quoted(name)) are missing; make or copy it again")
        case .content, .extended, .skipping: break
        }
        throw ArchiveError(.truncated, "the archive was cut at byte \(offset); make or copy it again")
    }

    // MARK: Headers

    private mutating func collect(_ bytes: UnsafeRawBufferPointer, upTo count: Int) -> Int {
        let taken = min(count - pending.count, bytes.count)
        pending.append(contentsOf: bytes[..<taken])
        offset += Int64(taken)
        return taken
    }

    private mutating func header() throws(ArchiveError) -> Event {
        let start = offset - Int64(TarHeader.blockSize)
        let block = pending
        pending.removeAll(keepingCapacity: true)
        guard block.contains(where: { $0 != 0 }) else {
            // Two blocks of zeros end an archive. Some write but one, at the end of the file.
            if isMarked { state = .ended(0) }
            guard !isMarked else { return .end }
            isMarked = true
            return .more
        }
        guard !isMarked else {
            throw ArchiveError(
                .malformed,
                "the archive is damaged at byte \(start): something follows a block of zeros, which ends archives; make it again"
            )
        }
        let header = try TarHeader(block, at: start)
        switch header.flag {
        case TarHeader.Flag.pax, TarHeader.Flag.longName, TarHeader.Flag.longLink:
            let limit = header.flag == TarHeader.Flag.pax ? PaxRecords.limit : TarHeader.nameLimit + 1
            guard header.size <= limit else {
                throw ArchiveError(
                    .tooLarge,
                    "the archive has an extended header of \(header.size) bytes at byte \(start); at most \(limit) are read"
                )
            }
            state = .extended(header.flag, left: Int(header.size), padding: TarHeader.padding(header.size))
            if header.size == 0 {
                try extend(header.flag)
                state = .header
            }
            return .more
        case TarHeader.Flag.globalPax:
            let (whole, isLarge) = header.size.addingReportingOverflow(Int64(TarHeader.padding(header.size)))
            guard !isLarge else { throw Self.tooLarge(start) }
            state = .skipping(whole)
            return .more
        default:
            return .entry(try entry(header, at: start))
        }
    }

    private mutating func extend(_ flag: UInt8) throws(ArchiveError) {
        let content = pending
        pending.removeAll(keepingCapacity: true)
        switch flag {
        case TarHeader.Flag.longName: longName = Array(content.prefix { $0 != 0 })
        case TarHeader.Flag.longLink: longLink = Array(content.prefix { $0 != 0 })
        default: try pax.read(content)
        }
    }

    private mutating func entry(_ header: TarHeader, at start: Int64) throws(ArchiveError) -> TarEntry {
        let name = try Self.text(pax.path ?? longName ?? header.name)
        let link = try Self.text(pax.link ?? longLink ?? header.link)
        guard !pax.isSparse, header.flag != TarHeader.Flag.sparse else {
            throw ArchiveError(
                .unsupported, "\(Quoted(name)) is a sparse file; make the archive again without tar's --sparse")
        }
        var size = pax.size ?? header.size
        let kind: TarEntry.Kind
        switch header.flag {
        case TarHeader.Flag.file, TarHeader.Flag.oldFile, TarHeader.Flag.contiguousFile:
            // Before ustar a slash at the end was all there was to tell a folder by.
            let isOldFolder = header.flag == TarHeader.Flag.oldFile && name.utf8.last == UInt8(ascii: "/")
            kind = isOldFolder ? .folder : .file
            if isOldFolder { size = 0 }
        case TarHeader.Flag.hardLink: kind = .hardLink(to: link)
        case TarHeader.Flag.symbolicLink: kind = .symbolicLink(to: link)
        case TarHeader.Flag.folder: kind = .folder
        case TarHeader.Flag.continuation:
            throw ArchiveError(
                .unsupported,
                "\(Quoted(name)) goes on from another volume; make the archive again without tar's --multi-volume")
        default: kind = .other(header.flag)
        }
        // Those have no content whatever the header says: as Go reads it, which writes nearly all archives of images.
        switch header.flag {
        case TarHeader.Flag.hardLink, TarHeader.Flag.symbolicLink, TarHeader.Flag.characterDevice,
            TarHeader.Flag.blockDevice, TarHeader.Flag.folder, TarHeader.Flag.fifo:
            size = 0
        default: break
        }
        let (_, isLarge) = size.addingReportingOverflow(Int64(TarHeader.padding(size)))
        guard !isLarge else { throw Self.tooLarge(start) }
        (pax, longName, longLink) = (PaxRecords(), nil, nil)
        entries += 1
        self.name = name
        state = .content(left: size, padding: TarHeader.padding(size))
        return TarEntry(name: name, kind: kind, size: size)
    }

    private static func text(_ name: [UInt8]) throws(ArchiveError) -> String {
        guard name.count <= TarHeader.nameLimit else {
            throw ArchiveError(
                .tooLarge,
                "a name in the archive has \(name.count) bytes, at most \(TarHeader.nameLimit) are read: "
                    + "\(Quoted(String(decoding: name.prefix(128), as: UTF8.self)))")
        }
        return String(decoding: name, as: UTF8.self)
    }

    private static func tooLarge(_ start: Int64) -> ArchiveError {
        ArchiveError(.malformed, "the archive is damaged at byte \(start): no entry is that large; make it again")
    }
}
