import Glibc
import Integrity
import Logging
import OCI
import SystemPackage

/// A ledger's file: a line that names the format, a record for each blob, and the SHA-256 of all that.
struct ProofFile {
    private static let heading = Array("shoal proofs 1\n".utf8)
    private static let checksumSize = Digest.Algorithm.sha256.byteCount
    /// Larger than any ledger is written.
    private static let sizeLimit: Int64 = 64 << 20

    let path: FilePath
    let logger: Logger

    // MARK: Reading

    /// What the file says; nothing where there is none or where it is damaged.
    func read() -> [Digest: Proof] {
        do throws(ContentError) {
            let file = try OpenFile.open(path: path)
            let size = try file.size()
            guard size <= Self.sizeLimit else { throw ContentError(.unusable, "it has \(size) bytes") }
            return try Self.decode(try file.readAll(size: size))
        } catch {
            if error.code != .notFound { moveAside(because: error) }
            return [:]
        }
    }

    private func moveAside(because reason: ContentError) {
        let aside = FilePath("\(path).damaged")
        _ = path.withPlatformString { path in aside.withPlatformString { rename(path, $0) } }
        logger.warning(
            "what was proven is not known any more: the file is damaged; it is moved aside and all blobs are hashed once more",
            metadata: ["file": "\(path)", "moved-to": "\(aside)", "reason": "\(reason)"])
    }

    static func decode(_ bytes: [UInt8]) throws(ContentError) -> [Digest: Proof] {
        let end = bytes.count - checksumSize
        guard end >= heading.count, bytes.starts(with: heading) else {
            throw ContentError(.unusable, "it does not begin as a list of proofs does")
        }
        guard ContentHasher.digest(of: Array(bytes[..<end])).bytes.elementsEqual(bytes[end...]) else {
            throw ContentError(.digestMismatch, "its checksum is wrong")
        }
        var records = RecordReader(rest: bytes[heading.count..<end])
        var proofs: [Digest: Proof] = [:]
        while !records.rest.isEmpty {
            let (digest, proof) = try records.next()
            proofs[digest] = proof
        }
        return proofs
    }

    // MARK: Writing

    func write(_ proofs: [Digest: Proof]) throws(ContentError) {
        let folder = try Folder(making: path.removingLastComponent())
        let bytes = Self.encode(proofs)
        let temporary = FilePath("\(path).new")
        let file = try OpenFile.open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
        try bytes.withUnsafeBufferPointer { (buffer) throws(ContentError) in
            try file.write(UnsafeRawBufferPointer(buffer), at: 0)
        }
        try file.syncData()
        _ = try Folder.move(temporary, to: path)
        try folder.sync()
    }

    static func encode(_ proofs: [Digest: Proof]) -> [UInt8] {
        var bytes = heading
        bytes.reserveCapacity(heading.count + proofs.count * 80 + checksumSize)
        for (digest, proof) in proofs {
            bytes.append(digest.algorithm.mark)
            bytes += digest.bytes
            append(proof.identity.device, to: &bytes)
            append(proof.identity.inode, to: &bytes)
            append(UInt64(bitPattern: proof.identity.size), to: &bytes)
            append(UInt64(bitPattern: proof.identity.modified), to: &bytes)
            append(UInt64(bitPattern: proof.at), to: &bytes)
        }
        return bytes + ContentHasher.digest(of: bytes).bytes
    }

    private static func append(_ number: UInt64, to bytes: inout [UInt8]) {
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift))) }
    }
}

/// Takes records off the front of the file's bytes.
private struct RecordReader {
    var rest: ArraySlice<UInt8>

    mutating func next() throws(ContentError) -> (Digest, Proof) {
        let mark = try take(1).first
        guard let algorithm = Digest.Algorithm.allCases.first(where: { $0.mark == mark }),
            let digest = try? Digest(algorithm: algorithm, bytes: Array(try take(algorithm.byteCount)))
        else { throw ContentError(.unusable, "a record is of an unknown kind") }
        let identity = FileIdentity(
            device: try number(), inode: try number(), size: Int64(bitPattern: try number()),
            modified: Int64(bitPattern: try number()))
        return (digest, Proof(of: identity, at: Int64(bitPattern: try number())))
    }

    private mutating func number() throws(ContentError) -> UInt64 {
        try take(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private mutating func take(_ count: Int) throws(ContentError) -> ArraySlice<UInt8> {
        guard rest.count >= count else { throw ContentError(.unusable, "it ends in the middle of a record") }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}

extension Digest.Algorithm {
    /// What stands for it in the file.
    fileprivate var mark: UInt8 {
        switch self {
        case .sha256: 1
        case .sha512: 2
        }
    }
}
