import Content
import FoundationEssentials
import Glibc
import Integrity
import Logging
import OCI
import SystemPackage

/// A folder of a test's own. It goes with this object.
final class Scratch: Sendable {
    let path: FilePath

    init(in parent: FilePath = "/tmp") throws {
        var template = Array("\(parent)/shoal-content-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw Errno(rawValue: errno) }
        path = FilePath(platformString: made)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path.string)
    }

    /// The store's folder.
    var store: FilePath { path.appending("store") }

    func blobPath(_ digest: Digest) -> FilePath {
        store.appending("blobs").appending(digest.algorithm.rawValue).appending(digest.hex)
    }

    /// Opens the layout here; again and again, as after a crash.
    func layout(capacity: Int64 = 1 << 30, log: LogRecorder = LogRecorder()) throws -> ImageLayout {
        try ImageLayout(directory: store, capacity: capacity, logger: log.logger)
    }

    func spool() throws -> Spool { try Spool(directory: path.appending("spool")) }

    func write(_ bytes: [UInt8], to path: FilePath) throws {
        try Data(bytes).write(to: URL(filePath: path.string))
    }

    func read(_ path: FilePath) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: path.string)))
    }

    func exists(_ path: FilePath) -> Bool { path.withPlatformString { access($0, F_OK) } == 0 }

    func names(in path: FilePath) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path.string).sorted()
    }
}

extension SpoolFile {
    func write(_ bytes: [UInt8], at offset: Int64 = 0) throws {
        try bytes.withUnsafeBytes { try write($0, at: offset) }
    }
}

extension BlobReader {
    /// All bytes, region by region as a response would take them.
    func collect(limit: Int64 = 1000) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while Int64(bytes.count) < size {
            let slice = try await next(at: Int64(bytes.count), limit: limit)
            var region = [UInt8](repeating: 0, count: Int(slice.length))
            let count = try region.withUnsafeMutableBytes { try slice.file.read(into: $0, at: slice.offset) }
            bytes += region.prefix(count)
        }
        return bytes
    }
}

/// Bytes that differ with the seed.
func bytes(_ count: Int, seed: UInt8 = 1) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ Int(seed) &* 31) }
}

func digestOf(_ bytes: [UInt8], _ algorithm: Digest.Algorithm = .sha256) -> Digest {
    ContentHasher.digest(of: bytes, algorithm: algorithm)
}
