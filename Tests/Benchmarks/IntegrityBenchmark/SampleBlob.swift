import Content
import Glibc
import Integrity
import OCI

/// A blob in memory and as a file that nobody else sees, whose bytes are in the page cache; its digest, chain and piece sums.
final class SampleBlob {
    let size: Int64
    let bytes: UnsafeRawBufferPointer
    let file: OpenFile
    let digest: Digest
    let chain: HashChain
    /// Of the first piece.
    let sum: PieceSum

    init(mebibytes: Int) throws {
        size = Int64(mebibytes) << 20
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(size), alignment: 4096)
        Self.fill(buffer.bindMemory(to: UInt64.self))
        bytes = UnsafeRawBufferPointer(buffer)
        file = OpenFile(adopting: memfd_create("integrity-benchmark", 0))
        var written = 0
        while written < bytes.count {
            let count = pwrite(file.descriptor, bytes.baseAddress! + written, bytes.count - written, off_t(written))
            guard count > 0 else { throw ContentError(.noSpace, "no memory for a file of \(mebibytes) MiB") }
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

    deinit { bytes.deallocate() }

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

extension UnsafeRawBufferPointer {
    func copy(from offset: Int64, into buffer: UnsafeMutableRawBufferPointer) {
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: self[Int(offset)...].prefix(buffer.count)))
    }
}
