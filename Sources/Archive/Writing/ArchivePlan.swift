public import OCI

/// What an archive of images is to be, byte for byte, but for the blobs' own bytes: those are read by whoever carries it out.
///
/// It is an OCI image layout that has Docker's `manifest.json`, too, so that `docker load`, `podman load`, `skopeo` and
/// `ctr images import` take it. The same images make the same archive.
public struct ArchivePlan: Sendable {
    /// What comes next in the archive.
    public enum Part: Hashable, Sendable {
        case bytes([UInt8])
        /// The whole blob, of exactly so many bytes.
        case blob(Digest, size: Int64)
    }

    /// One after the other; no two of bytes follow each other.
    public private(set) var parts: [Part] = []
    /// Of the archive, in bytes.
    public private(set) var length: Int64 = 0
    /// The blobs that will be read, each once.
    public private(set) var blobs: [Digest] = []

    /// Lays an archive out.
    /// - Parameter images: in their order; at least one. Two may share blobs, or be the same under several names.
    /// - Throws: `.incomplete` where an image's own manifest is not among its documents, `.damaged` where two manifests disagree about
    ///   a blob's size, `.tooLarge` where sizes cannot be.
    public init(_ images: [ArchivableImage]) throws(ArchiveError) {
        guard !images.isEmpty else { throw ArchiveError(.noImage, "there is no image to be saved; name one") }
        var content = LayoutContent()
        for image in images { try content.add(image) }
        let documents: [(name: String, bytes: [UInt8])] = [
            ("oci-layout", Array("{\"imageLayoutVersion\":\"1.0.0\"}".utf8)), ("index.json", try content.index()),
            // Where no image is one that Docker could run there is none.
            ("manifest.json", try content.list() ?? []),
        ]
        for document in documents where !document.bytes.isEmpty {
            try add(TarEntry(name: document.name, size: Int64(document.bytes.count)), .bytes(document.bytes))
        }
        let algorithms = Set(content.sizes.map(\.digest.algorithm.rawValue)).sorted()
        for folder in [""] + algorithms.map({ "\($0)/" }) {
            try add(TarEntry(name: "blobs/" + folder, kind: .folder), .bytes([]))
        }
        for (digest, size) in content.sizes {
            try add(
                TarEntry(name: LayoutContent.path(digest), size: size),
                content.bytes[digest].map(Part.bytes) ?? .blob(digest, size: size))
            if content.bytes[digest] == nil { blobs.append(digest) }
        }
        try add(TarWriter.end)
    }

    private mutating func add(_ entry: TarEntry, _ content: Part) throws(ArchiveError) {
        try add(TarWriter.header(of: entry))
        switch content {
        case .bytes(let bytes): try add(bytes)
        case .blob(_, let size):
            parts.append(content)
            try grow(by: size)
        }
        try add([UInt8](repeating: 0, count: TarWriter.padding(entry.size)))
    }

    private mutating func add(_ bytes: [UInt8]) throws(ArchiveError) {
        guard !bytes.isEmpty else { return }
        if case .bytes(let before)? = parts.last {
            parts[parts.count - 1] = .bytes(before + bytes)
        } else {
            parts.append(.bytes(bytes))
        }
        try grow(by: Int64(bytes.count))
    }

    /// Sizes are what manifests say, and those are anybody's.
    private mutating func grow(by size: Int64) throws(ArchiveError) {
        let (sum, isLarge) = length.addingReportingOverflow(size)
        guard !isLarge, 0..<Descriptor.largestSize ~= size else {
            throw ArchiveError(.tooLarge, "the images claim to have more bytes than there can be; they are not saved")
        }
        length = sum
    }
}
