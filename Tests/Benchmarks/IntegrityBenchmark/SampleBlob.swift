import Glibc
import Integrity
import OCI

/// A blob in memory and as a file that nobody else sees, whose bytes are in the page cache; its digest, chain and piece sums.
final class SampleBlob {
    let size: Int64
    let bytes: UnsafeRawBufferPointer
    private let descriptor: CInt
    let digest: Digest
    let chain: HashChain
    /// Of the first piece.
    let sum: PieceSum

    init(mebibytes: Int) throws {
        size = Int64(mebibytes) << 20
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(size), alignment: 4096)
        Self.fill(buffer.bindMemory(to: UInt64.self))
        bytes = UnsafeRawBufferPointer(buffer)
        var template = Array("/tmp/integrity-benchmark-XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        unlink(template)
        var written = 0
        while written < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress! + written, bytes.count - written, off_t(written))
            guard count > 0 else { throw SampleError() }
            written += count
        }
        var whole = ContentHasher(.sha256)
        whole.update(bytes)
        digest = whole.finish()
        var hasher = ChainHasher()
        hasher.update(bytes)
        chain = hasher.finish()
        sum = try PieceSum(length: min(size, HashChain.pieceSize)) { [bytes] in bytes.copy(from: $0, into: $1) }
    }

    deinit {
        bytes.deallocate()
        close(descriptor)
    }

    /// Fills a buffer with the file's bytes from an offset on.
    func read(from offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws {
        guard pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset)) == buffer.count else {
            throw SampleError()
        }
    }

    var pieces: Int { chain.pieces }

    /// Bytes that look like nothing.
    private static func fill(_ words: UnsafeMutableBufferPointer<UInt64>) {
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        for index in words.indices {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            words[index] = state
        }
    }
}

struct SampleError: Error, CustomStringConvertible {
    var description: String { "a file in /tmp cannot be written or read; ask for fewer bytes with --mib" }
}

extension UnsafeRawBufferPointer {
    func copy(from offset: Int64, into buffer: UnsafeMutableRawBufferPointer) {
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: self[Int(offset)...].prefix(buffer.count)))
    }
}
