import FoundationEssentials
import Logging
import OCI
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// The files of an OCI image layout (image-spec, `image-layout.md`). Everything here blocks.
struct LayoutFiles: Sendable {
    let directory: FilePath

    private var indexPath: FilePath { directory.appending("index.json") }
    private var temporary: FilePath { directory.appending("tmp") }
    private static let indexLimit: Int64 = 256 << 20

    func folder(_ algorithm: Digest.Algorithm) -> FilePath {
        directory.appending("blobs").appending(algorithm.rawValue)
    }

    func path(_ digest: Digest) -> FilePath {
        folder(digest.algorithm).appending(digest.hex)
    }

    private func temporaryPath(_ name: String) -> FilePath {
        temporary.appending(name)
    }

    /// Makes the folders, removes what a crash left half-written, and writes the marker file.
    func prepare() throws(ContentError) {
        try Folder.make(temporary)
        for file in try Folder.files(in: temporary) { try Folder.remove(temporary.appending(file.name)) }
        for algorithm in Digest.Algorithm.allCases { try Folder.make(folder(algorithm)) }
        let marker = Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8)
        let path = directory.appending("oci-layout")
        if (try? OpenFile.open(path: path).readAll(size: Int64(marker.count))) != marker {
            try Folder.write(marker, to: path, temporary: temporaryPath("oci-layout"))
        }
    }

    /// The blobs on disk, those used longest ago first.
    func listBlobs(logger: Logger) throws(ContentError) -> [BlobInfo] {
        var found: [(blob: BlobInfo, modified: Int64)] = []
        for algorithm in Digest.Algorithm.allCases {
            for file in try Folder.files(in: folder(algorithm)) {
                guard let digest = try? Digest("\(algorithm.rawValue):\(file.name)") else {
                    logger.warning(
                        "a file among the blobs is not named by a digest and is left alone",
                        metadata: ["file": "\(folder(algorithm).appending(file.name))"])
                    continue
                }
                found.append((BlobInfo(digest: digest, size: file.size), file.modified))
            }
        }
        return found.sorted { $0.modified < $1.modified }.map(\.blob)
    }

    /// The index; one that cannot be read is moved aside, so that nothing is lost and the agent starts.
    func readIndex(logger: Logger) throws(ContentError) -> ImageIndex? {
        let file: OpenFile
        do {
            file = try OpenFile.open(path: indexPath)
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
        do {
            let size = try file.size()
            guard size <= Self.indexLimit else { throw ContentError(.unusable, "it has \(size) bytes") }
            return try JSONDecoder().decode(ImageIndex.self, from: Data(file.readAll(size: size)))
        } catch {
            var number = 1
            while exists(damagedPath(number)) { number += 1 }
            try Folder.rename(indexPath, to: damagedPath(number))
            logger.warning(
                "the store's index cannot be read: it is moved aside and begun anew; the blobs are kept",
                metadata: ["file": "\(damagedPath(number))", "reason": "\(error)"])
            return nil
        }
    }

    private func damagedPath(_ number: Int) -> FilePath {
        directory.appending("index.json.damaged-\(number)")
    }

    private func exists(_ path: FilePath) -> Bool {
        path.withPlatformString { access($0, F_OK) } == 0
    }

    func write(_ index: ImageIndex) throws(ContentError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let bytes: Data
        do { bytes = try encoder.encode(index) } catch { throw ContentError(.io, "encoding index.json: \(error)") }
        try Folder.write(Array(bytes), to: indexPath, temporary: temporaryPath("index.json"))
    }

    func write(_ bytes: [UInt8], as digest: Digest) throws(ContentError) {
        try Folder.write(
            bytes, to: path(digest), temporary: temporaryPath("\(digest.algorithm.rawValue)-\(digest.hex)"))
    }

    /// Moves a spool file in; across filesystems by way of a copy.
    /// - Returns: the blob's file, which is the spool's own where it could be moved.
    func take(_ spool: SpoolFile, as digest: Digest, size: Int64) throws(ContentError) -> OpenFile {
        let actual = try spool.file.size()
        guard actual == size else {
            throw ContentError(.sizeMismatch, "the spool file of \(digest) has \(actual) bytes instead of \(size)")
        }
        try spool.sync()
        let result = spool.path.withPlatformString { from in path(digest).withPlatformString { Glibc.rename(from, $0) }
        }
        if result == 0 {
            spool.moved()
            try Folder.sync(folder(digest.algorithm))
            return spool.file
        }
        guard errno == EXDEV else { throw .system("moving \(spool.path) to", path(digest).string, errno) }
        try copy(spool, to: digest, size: size)
        spool.discard()
        return try OpenFile.open(path: path(digest))
    }

    private func copy(_ spool: SpoolFile, to digest: Digest, size: Int64) throws(ContentError) {
        let target = temporaryPath("\(digest.algorithm.rawValue)-\(digest.hex)")
        _ = target.withPlatformString { unlink($0) }
        let copy = try SpoolFile(path: target)
        // Gone with `copy` unless it gets its name below.
        var from: off_t = 0
        while from < off_t(size) {
            let count = sendfile(
                copy.file.descriptor, spool.file.descriptor, &from, min(Int(size) - Int(from), 64 << 20))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system("copying \(spool.path) to", target.string, count < 0 ? errno : EIO) }
        }
        try copy.sync()
        try Folder.rename(target, to: path(digest))
        copy.moved()
        try Folder.sync(folder(digest.algorithm))
    }

    func remove(_ digest: Digest) throws(ContentError) {
        try Folder.remove(path(digest))
    }
}
