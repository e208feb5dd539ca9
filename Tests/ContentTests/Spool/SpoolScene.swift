import Content
import Glibc
import Integrity
import OCI
import SystemPackage

/// A spool's folder over the lives of several agents, and a blob of a few pieces.
struct SpoolScene {
    static let pieceSize = Int(HashChain.pieceSize)

    /// Two pieces and a short third one, the same for all tests: they take time to make and to hash.
    private static let blob: [UInt8] = {
        let pattern = (0..<4093).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 5) }
        var blob: [UInt8] = []
        while blob.count < 2 * pieceSize + 1000 { blob += pattern }
        return Array(blob.prefix(2 * pieceSize + 1000))
    }()
    private static let chain: HashChain = {
        var hasher = ChainHasher()
        blob.withUnsafeBytes { hasher.update($0) }
        return hasher.finish()
    }()
    private static let sums: [PieceSum?] = (0...2).map { piece in
        let bytes = bytes(of: piece)
        return try? PieceSum(length: Int64(bytes.count)) { offset, buffer in
            buffer.copyBytes(from: bytes[Int(offset)..<Int(offset) + buffer.count])
        }
    }

    let scratch: Scratch
    let blob = SpoolScene.blob
    let chain = SpoolScene.chain
    let digest = SpoolScene.chain.digest

    init() throws {
        scratch = try Scratch()
    }

    var folder: FilePath { scratch.path.appending("spool") }

    var names: [String] { get throws { try scratch.names(in: folder) } }

    /// The one spool file there is, and its journal.
    var file: FilePath { get throws { try path("spool") } }
    var journal: FilePath { get throws { try path("pieces") } }

    private func path(_ ending: String) throws -> FilePath {
        guard let name = try names.first(where: { $0.hasSuffix(".\(ending)") }) else {
            throw Errno.noSuchFileOrDirectory
        }
        return folder.appending(name)
    }

    private static func bytes(of piece: Int) -> [UInt8] {
        Array(blob[piece * pieceSize..<min(blob.count, (piece + 1) * pieceSize)])
    }

    func bytes(of piece: Int) -> [UInt8] { Self.bytes(of: piece) }

    func sum(of piece: Int) throws -> PieceSum {
        guard let sum = Self.sums[piece] else { throw Errno.invalidArgument }
        return sum
    }

    /// Writes a piece and notes it by its sum.
    func add(_ piece: Int, to file: SpoolFile, _ kind: SpooledPiece.Kind = .checked) throws {
        try file.write(bytes(of: piece), at: Int64(piece * Self.pieceSize))
        file.note(SpooledPiece(piece: piece, kind: kind, sum: try sum(of: piece)))
    }

    /// Writes a piece and notes it by the state after it.
    func addLink(_ piece: Int, to file: SpoolFile) throws {
        try file.write(bytes(of: piece), at: Int64(piece * Self.pieceSize))
        file.note(SpooledPiece(piece: piece, kind: .upstream, state: chain.states[piece]))
    }

    /// A registry and a right, each number another.
    static func origin(_ number: UInt8) -> SpoolOrigin {
        SpoolOrigin(code: (0..<32).map { number ^ $0 })!
    }

    /// What an agent leaves that had the pieces.
    func leave(sums: [Int] = [], states: [Int] = [], of digest: Digest? = nil) throws {
        let file = try Spool(directory: folder).begin(digest ?? self.digest)
        file.note(size: Int64(blob.count), sizeIsUpstreams: true)
        for piece in sums { try add(piece, to: file) }
        for piece in states { try addLink(piece, to: file) }
        file.leave()
    }

    /// The next agent's file of the blob.
    func resume(size: Int? = nil) throws -> (file: SpoolFile, sound: [SpooledPiece]) {
        let file = try Spool(directory: folder).begin(digest)
        let sound = file.recovered?.soundPieces(in: file, size: Int64(size ?? blob.count)) ?? []
        return (file, sound)
    }

    /// Turns one bit of a file.
    func flip(_ path: FilePath, at offset: Int64) throws {
        let file = try FileDescriptor.open(path, .readWrite)
        try file.closeAfter {
            var byte: UInt8 = 0
            try withUnsafeMutableBytes(of: &byte) { _ = try file.read(fromAbsoluteOffset: offset, into: $0) }
            byte ^= 1
            try withUnsafeBytes(of: &byte) { _ = try file.writeAll(toAbsoluteOffset: offset, $0) }
        }
    }

    func size(_ path: FilePath) throws -> Int64 {
        let file = try FileDescriptor.open(path, .readOnly)
        return try file.closeAfter { try file.seek(offset: 0, from: .end) }
    }

    func truncate(_ path: FilePath, to size: Int64) throws {
        guard Glibc.truncate(path.string, off_t(size)) == 0 else { throw Errno(rawValue: errno) }
    }

    /// Sets the time of a file's last change so many hours back.
    static func age(_ path: FilePath, hours: Int) throws {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let then = timespec(tv_sec: now.tv_sec - hours * 3600, tv_nsec: 0)
        guard utimensat(AT_FDCWD, path.string, [then, then], 0) == 0 else { throw Errno(rawValue: errno) }
    }
}

extension Spool {
    /// A file of a download that asks one and the same registry each time.
    func begin(_ digest: Digest) throws -> SpoolFile { try create(digest, from: SpoolScene.origin(0)) }
}
