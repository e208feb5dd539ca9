import OCI

/// An archive of images: a tar archive, packed by gzip or not, and what becomes of each entry.
enum ArchiveTarget: FuzzTarget {
    /// Of what gzip stands for, so much is looked at.
    private static let unpackedLimit = 1 << 20

    private static let limits = {
        var limits = ArchiveLimits()
        limits.entries = 32
        limits.files = 8
        limits.fileName = 64
        limits.document = 4096
        return limits
    }()

    static func run(_ input: UnsafeRawBufferPointer) {
        let bytes = Array(input)
        let archive = ArchiveCompression(bytes.prefix(ArchiveCompression.length)) == .gzip ? unpacked(bytes) : bytes
        check(archive)
        check(summed(archive))
    }

    /// With right checksums in its headers, which a fuzzer does not come by.
    private static func summed(_ archive: [UInt8]) -> [UInt8] {
        var archive = archive
        for start in stride(from: 0, through: archive.count - TarHeader.blockSize, by: TarHeader.blockSize)
        where archive[start + 257..<start + 262].elementsEqual(TarHeader.magic.prefix(5)) {
            archive.replaceSubrange(start + 148..<start + 156, with: "        ".utf8)
            let sum = archive[start..<start + TarHeader.blockSize].reduce(0) { $0 + Int($1) }
            let digits = String(sum, radix: 8)
            archive.replaceSubrange(
                start + 148..<start + 156, with: (String(repeating: "0", count: 8 - digits.count) + digits).utf8)
        }
        return archive
    }

    private static func check(_ archive: [UInt8]) {
        let whole = events(in: archive, portion: archive.count)
        // How the bytes are cut depends on them, so that all ways of it are tried.
        let portion = 1 + Int(archive.last ?? 0) * 5
        require(events(in: archive, portion: portion) == whole, "cut into \(portion) bytes it reads otherwise")
        place(whole.events)
    }

    private struct Reading: Equatable {
        var events: [TarReader.Event] = []
        /// Bytes of content, of each entry.
        var contents: [Int64] = []
        var failure: ArchiveError?
    }

    private static func events(in bytes: [UInt8], portion: Int) -> Reading {
        var reading = Reading()
        var reader = TarReader()
        do {
            var start = 0
            while start < bytes.count {
                let end = min(bytes.count, start + max(1, portion))
                while true {
                    let (event, taken) = try next(&reader, bytes, start..<end)
                    require((0...(end - start)).contains(taken), "\(taken) bytes were taken of \(end - start)")
                    start += taken
                    if event == .more, taken == 0 { break }
                    note(event, taken, in: &reading)
                }
                require(start == end, "\(end - start) bytes were left")
            }
            try reader.finish()
        } catch {
            reading.failure = error as? ArchiveError
            require(reading.failure != nil, "an error that is none of ours: \(error)")
        }
        return reading
    }

    private static func next(
        _ reader: inout TarReader, _ bytes: [UInt8], _ range: Range<Int>
    ) throws -> (event: TarReader.Event, taken: Int) {
        try bytes.withUnsafeBytes { try reader.next(in: UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    private static func note(_ event: TarReader.Event, _ taken: Int, in reading: inout Reading) {
        switch event {
        case .more: break
        case .content: reading.contents[reading.contents.count - 1] += Int64(taken)
        case .entry(let entry):
            require(entry.size >= 0, "a size of \(entry.size)")
            require(entry.name.utf8.count <= 3 * TarHeader.nameLimit, "a name longer than the limit")
            reading.events.append(event)
            reading.contents.append(0)
        case .entryEnd:
            guard case .entry(let entry)? = reading.events.last else { fail("an end without a beginning") }
            require(reading.contents.last == entry.size, "an entry of \(entry.size) bytes ended after others")
            reading.events.append(event)
        case .end: reading.events.append(event)
        }
    }

    private static func place(_ events: [TarReader.Event]) {
        var catalog = ArchiveCatalog(limits: limits)
        for case .entry(let entry) in events {
            guard let placement = try? catalog.place(entry) else { return }
            switch placement {
            case .passed: break
            case .document(let document):
                require(entry.size <= limits.document, "a document larger than the limit")
                catalog.keep(document, [])
            case .blob(let digest):
                catalog.add(.init(digest: digest, size: entry.size, compression: .none), from: placement)
                require(catalog.find(entry.name)?.digest == digest, "a blob that is not found again")
            case .file(let name):
                require(name.utf8.count <= limits.fileName, "a name that is kept and too long")
                guard let digest = try? Digest("sha256:" + String(repeating: "0", count: 64)) else { return }
                catalog.add(.init(digest: digest, size: entry.size, compression: .none), from: placement)
                require(catalog.find(name) != nil, "a file that is not found again")
            }
            if let name = try? LoadName(entry.name) {
                require((try? LoadName(name.description)) == name, "\(name) reads otherwise")
            }
        }
    }

    private static func unpacked(_ bytes: [UInt8]) -> [UInt8] {
        guard var inflater = try? GzipInflater() else { return [] }
        var result: [UInt8] = []
        var start = 0
        while result.count < unpackedLimit {
            var taken = 0
            var hasFailed = false
            let part = [UInt8](unsafeUninitializedCapacity: 4096) { room, made in
                let room = UnsafeMutableRawBufferPointer(start: room.baseAddress, count: room.count)
                bytes.withUnsafeBytes { bytes in
                    let step = try? inflater.inflate(UnsafeRawBufferPointer(rebasing: bytes[start...]), into: room)
                    (taken, made) = step ?? (0, 0)
                    hasFailed = step == nil
                }
            }
            start += taken
            result += part
            if hasFailed || (taken == 0 && part.isEmpty) { break }
        }
        return result
    }
}
