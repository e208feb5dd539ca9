import NIOCore
import OCI

/// Carries out what ``ArchiveCatalog`` decides: reads entry after entry, and sends each to where it belongs.
struct ArchiveIntake: Sendable {
    /// Where the content of the entry that is being read goes.
    private enum Content {
        case none
        case document(ArchiveCatalog.Document, [UInt8])
        /// `blob` nil: it is held already.
        case blob((any ArchiveBlob)?, ArchiveCatalog.Placement, start: [UInt8])
    }

    private(set) var catalog: ArchiveCatalog
    private let sink: any ArchiveSink
    private var reader = TarReader()
    private var content = Content.none
    private var entry = TarEntry(name: "")

    init(sink: any ArchiveSink, limits: ArchiveLimits) {
        self.sink = sink
        catalog = ArchiveCatalog(limits: limits)
    }

    /// The next bytes of the archive, unpacked.
    mutating func take(_ bytes: ByteBuffer) async throws {
        var bytes = bytes
        while true {
            let (event, taken) = try bytes.withUnsafeReadableBytes { try reader.next(in: $0) }
            let slice = bytes.readSlice(length: taken)
            switch event {
            case .more: if taken == 0 { return }
            case .entry(let entry): try await begin(entry)
            case .content: if let slice { try await write(slice) }
            case .entryEnd: try await end()
            case .end: break
            }
        }
    }

    /// No more bytes will come.
    /// - Returns: Everything that was in the archive.
    mutating func finish() throws -> (ArchiveCatalog, isMarked: Bool) {
        try reader.finish()
        return (catalog, reader.isMarked)
    }

    /// Nothing more will be taken: what is under way goes.
    mutating func abandon() async {
        if case .blob(let blob?, _, _) = content { await blob.abandon() }
        content = .none
    }

    private mutating func begin(_ entry: TarEntry) async throws {
        self.entry = entry
        let placement = try catalog.place(entry)
        switch placement {
        case .passed: content = .none
        case .document(let document): content = .document(document, [])
        case .blob(let digest):
            content = .blob(try await sink.begin(declared: digest, size: entry.size), placement, start: [])
        case .file: content = .blob(try await sink.begin(declared: nil, size: entry.size), placement, start: [])
        }
    }

    private mutating func write(_ bytes: ByteBuffer) async throws {
        switch content {
        case .none: break
        case .document(let document, var kept):
            // Not two owners: appending must not copy.
            content = .none
            kept.append(contentsOf: bytes.readableBytesView)
            content = .document(document, kept)
        case .blob(let blob, let placement, let start):
            let missing = ArchiveCompression.length - start.count
            if missing > 0 {
                content = .blob(blob, placement, start: start + bytes.readableBytesView.prefix(missing))
            }
            try await blob?.write(bytes)
        }
    }

    private mutating func end() async throws {
        let content = content
        self.content = .none
        switch content {
        case .none: break
        case .document(let document, let bytes): catalog.keep(document, bytes)
        case .blob(let blob, let placement, let start):
            let digest: Digest
            if let blob {
                digest = try await finish(blob, placement)
            } else if case .blob(let declared) = placement {
                digest = declared
            } else {
                throw ArchiveError(.damaged, "\(Quoted(entry.name)) was not kept, and nobody knows its digest")
            }
            catalog.add(
                .init(digest: digest, size: entry.size, compression: ArchiveCompression(start)), from: placement)
        }
    }

    private func finish(_ blob: any ArchiveBlob, _ placement: ArchiveCatalog.Placement) async throws -> Digest {
        let (digest, size) = try await blob.finish()
        guard size == entry.size else {
            throw ArchiveError(
                .damaged, "of \(Quoted(entry.name)) \(size) bytes were kept instead of \(entry.size); load it again")
        }
        if case .blob(let declared) = placement, declared != digest {
            throw ArchiveError(
                .damaged,
                "\(Quoted(entry.name)) is not what its name says: it hashes to \(digest); make the archive again")
        }
        return digest
    }
}
