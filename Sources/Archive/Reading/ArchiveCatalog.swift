import OCI

/// What an archive of images has in it, as its entries come: a value that decides what becomes of each, and finds it again.
///
/// The two formats are told apart at the end only, because what tells them apart may come last.
struct ArchiveCatalog: Sendable {
    /// A file that says what the others are; kept in memory.
    enum Document: String, Hashable, Sendable, CaseIterable {
        /// Of an OCI image layout (OCI image specification, `image-layout.md`).
        case layout = "oci-layout"
        /// Its images.
        case index = "index.json"
        /// Those of an archive of `docker save`.
        case list = "manifest.json"
        /// Those of one older than Docker 1.10.
        case oldList = "repositories"
    }

    /// What becomes of an entry's content.
    enum Placement: Hashable, Sendable {
        /// Nothing: it is passed over.
        case passed
        /// It is kept, and given to ``ArchiveCatalog/keep(_:_:)``.
        case document(Document)
        /// It goes to the sink, and to ``ArchiveCatalog/add(_:from:)`` then: by its name it is this blob.
        case blob(Digest)
        /// The same, but nobody has said what it is: a layer or a configuration of `docker save`, perhaps.
        case file(String)
    }

    /// What went to the sink.
    struct Stored: Hashable, Sendable {
        var digest: Digest
        var size: Int64
        /// By its first bytes.
        var compression: ArchiveCompression
    }

    /// Links that lead to links.
    private static let linkLimit = 16

    let limits: ArchiveLimits
    private(set) var documents: [Document: [UInt8]] = [:]
    private(set) var blobs: [Digest: Stored] = [:]
    private var files: [String: Stored] = [:]
    /// Where each may lead to, the likeliest first.
    private var links: [String: [String]] = [:]
    private var entries = 0

    init(limits: ArchiveLimits = ArchiveLimits()) {
        self.limits = limits
    }

    // MARK: Taking in

    /// Decides what becomes of the next entry.
    /// - Throws: Where there are too many, or a document is too large or there twice.
    mutating func place(_ entry: TarEntry) throws(ArchiveError) -> Placement {
        entries += 1
        guard entries <= limits.entries else {
            throw ArchiveError(
                .tooLarge, "the archive has more than \(limits.entries) entries; is it one of images?")
        }
        guard let parts = ArchivePath.parts(entry.name) else { return .passed }
        let name = parts.joined(separator: "/")
        switch entry.kind {
        case .folder, .other: return .passed
        case .file: break
        case .hardLink(let target):
            try link(name, to: [ArchivePath.normalized(target)])
            return .passed
        case .symbolicLink(let target):
            // Some writers mean the archive's root, though the link stands in a folder.
            try link(
                name, to: [ArchivePath.normalized(target, from: parts.dropLast()), ArchivePath.normalized(target)])
            return .passed
        }
        if let document = Document(rawValue: name) { return try place(document, entry) }
        // Once is enough: it is the same again, or not what it says it is.
        if let digest = Self.digest(parts) { return blobs[digest] == nil ? .blob(digest) : .passed }
        guard Self.mayBelong(parts), name.utf8.count <= limits.fileName else { return .passed }
        try checkFiles()
        return .file(name)
    }

    private mutating func place(_ document: Document, _ entry: TarEntry) throws(ArchiveError) -> Placement {
        guard document != .oldList else {
            // That it is there is all there is to know.
            keep(.oldList, [])
            return .passed
        }
        guard documents[document] == nil else {
            throw ArchiveError(
                .malformed, "\(document.rawValue) is in the archive twice: which one counts? Make the archive again")
        }
        guard entry.size <= limits.document else {
            throw ArchiveError(
                .tooLarge,
                "\(document.rawValue) in the archive has \(entry.size) bytes; at most \(limits.document) are read")
        }
        return .document(document)
    }

    /// `blobs/sha256/…` is what it is by its name.
    private static func digest(_ parts: [Substring]) -> Digest? {
        guard parts.count == 3, parts[0] == "blobs" else { return nil }
        return try? Digest("\(parts[1]):\(parts[2])")
    }

    /// Whether a file may be a part of an image of `docker save`. What was packed with it by mistake is not to fill a store, and
    /// neither is what old readers want of each layer: `…/VERSION` and `…/json`.
    private static func mayBelong(_ parts: [Substring]) -> Bool {
        guard let last = parts.last, parts.count <= 3 else { return false }
        return parts.count == 1 || (last != "VERSION" && last != "json")
    }

    /// A document has come whole.
    mutating func keep(_ document: Document, _ bytes: [UInt8]) {
        documents[document] = bytes
    }

    /// A blob or file has gone to the sink.
    mutating func add(_ stored: Stored, from placement: Placement) {
        blobs[stored.digest] = stored
        // Of two of one name the last counts, as where tar unpacks them.
        guard case .file(let name) = placement else { return }
        files[name] = stored
        links[name] = nil
    }

    private mutating func link(_ name: String, to targets: [String?]) throws(ArchiveError) {
        guard name.utf8.count <= limits.fileName else { return }
        try checkFiles()
        files[name] = nil
        links[name] = targets.compactMap { $0 }.filter { $0.utf8.count <= limits.fileName }
    }

    private func checkFiles() throws(ArchiveError) {
        guard files.count + links.count < limits.files else {
            throw ArchiveError(
                .tooLarge,
                "the archive has more than \(limits.files) files that are no blobs of an OCI layout; is it one of images?"
            )
        }
    }

    // MARK: Finding

    /// What is under a name that a document of the archive gives, links followed.
    func find(_ path: String) -> Stored? {
        var names = [ArchivePath.normalized(path)].compactMap { $0 }
        for _ in 0...Self.linkLimit {
            for name in names {
                if let stored = files[name] { return stored }
                if let digest = ArchivePath.parts(name).flatMap(Self.digest), let stored = blobs[digest] {
                    return stored
                }
            }
            names = names.lazy.compactMap { links[$0] }.first ?? []
        }
        return nil
    }
}
