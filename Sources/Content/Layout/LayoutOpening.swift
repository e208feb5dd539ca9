import FoundationEssentials
import Glibc
import Integrity
import Logging
import OCI
import SystemPackage

/// Finds out at the start what a layout's folder holds, and mends what a crash or a stranger has left in it.
struct LayoutOpening {
    /// How many damaged files of one name are kept to be looked at.
    static let damagedKept = 9
    /// How many strange files are named in a warning.
    private static let strangersNamed = 5

    private struct Marker: Codable {
        var imageLayoutVersion: String
    }

    private static let layoutVersion = "1.0.0"

    let paths: LayoutPaths
    let logger: Logger

    /// Makes the folders and the marker file, and wipes what was half-written when the agent died.
    func prepare() throws(ContentError) {
        _ = try Folder(making: paths.directory)
        _ = try Folder(making: paths.blobs)
        for algorithm in Digest.Algorithm.allCases { _ = try Folder(making: paths.blobs(algorithm)) }
        let temporary = try Folder(making: paths.temporary)
        for entry in try temporary.entries() where entry.kind != .folder {
            try Folder.remove(temporary.path.appending(entry.name))
        }
        let marker = try readMending(paths.marker, limit: 4096) { bytes in
            let marker = try JSONDecoder().decode(Marker.self, from: Data(bytes))
            guard marker.imageLayoutVersion == Self.layoutVersion else {
                throw ContentError(.unusable, "it is of version '\(marker.imageLayoutVersion)'")
            }
            return marker
        }
        if marker == nil {
            let bytes = Array(#"{"imageLayoutVersion":"\#(Self.layoutVersion)"}"#.utf8)
            try LayoutFiles(paths: paths).replace(paths.marker, bytes)
        }
    }

    /// The blobs on disk and their files, those used longest ago first. What is no blob is left alone, with a warning.
    func blobs() throws(ContentError) -> [(digest: Digest, file: FileIdentity)] {
        var strangers: [String] = []
        var found: [(digest: Digest, file: FileIdentity, used: Int64)] = []
        let algorithms = Set(Digest.Algorithm.allCases.map(\.rawValue))
        for entry in try Folder(paths.blobs).entries() where !algorithms.contains(entry.name.string) {
            strangers.append(entry.name.string)
        }
        for algorithm in Digest.Algorithm.allCases {
            for entry in try Folder(paths.blobs(algorithm)).entries() {
                guard entry.kind == .file, let digest = try? Digest("\(algorithm.rawValue):\(entry.name.string)") else {
                    strangers.append("\(algorithm.rawValue)/\(entry.name.string)")
                    continue
                }
                guard try isSound(digest, size: entry.identity.size) else { continue }
                found.append((digest, entry.identity, entry.used))
            }
        }
        if !strangers.isEmpty {
            // Quoted: a file's name may hold what drives a terminal.
            let named = strangers.prefix(Self.strangersNamed).map(\.debugDescription).joined(separator: ", ")
            logger.warning(
                "files among the blobs are no blobs; they are not used, move them away",
                metadata: ["folder": "\(paths.blobs)", "count": "\(strangers.count)", "files": "\(named)"])
        }
        return found.sorted { $0.used < $1.used }.map { ($0.digest, $0.file) }
    }

    /// The index; nil where there is none, or a damaged one that has been moved aside.
    func index() throws(ContentError) -> IndexDocument? {
        try readMending(paths.index, limit: IndexDocument.maximumSize) { try IndexDocument($0) }
    }

    /// A power cut can leave a file without its bytes.
    private func isSound(_ digest: Digest, size: Int64) throws(ContentError) -> Bool {
        guard size == 0, digest != ContentHasher.digest(of: [], algorithm: digest.algorithm) else { return true }
        logger.warning("the file of a blob was empty and is removed", metadata: ["digest": "\(digest)"])
        try Folder.remove(paths.blob(digest))
        return false
    }

    /// Reads a small file; one that makes no sense is moved aside, so that it can be looked at and the agent starts.
    private func readMending<Value>(
        _ path: FilePath, limit: Int64, _ decode: ([UInt8]) throws -> Value
    ) throws(ContentError) -> Value? {
        let fault: any Error
        do {
            let file = try OpenFile.open(path: path)
            let size = try file.size()
            guard size <= limit else { throw ContentError(.unusable, "it has \(size) bytes, more than \(limit)") }
            return try decode(try file.readAll(size: size))
        } catch let error as ContentError {
            if error.code == .notFound { return nil }
            // What the system refuses is not damaged, but for a link, which has no business here.
            if let cause = error.cause as? Errno, cause != .tooManySymbolicLinkLevels { throw error }
            fault = error
        } catch {
            fault = error
        }
        let aside = freeName(for: path)
        guard try Folder.move(path, to: aside) else {
            throw ContentError(.unusable, "\(path) is damaged and cannot be moved to \(aside); remove it")
        }
        logger.warning(
            "a file of the store is damaged; it is moved aside and written anew, the blobs are kept",
            metadata: ["file": "\(path)", "moved-to": "\(aside)", "reason": "\(fault)"])
        return nil
    }

    private func freeName(for path: FilePath) -> FilePath {
        let names = (1...Self.damagedKept).map { paths.damaged(path, $0) }
        return names.first { $0.withPlatformString { access($0, F_OK) } != 0 } ?? names[names.count - 1]
    }
}
