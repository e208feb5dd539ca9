import Integrity
import OCI

/// What a chain is on the disk: 32 bytes that tell whether the rest is what it was, and the states, 32 bytes each. So a blob's
/// chain takes as many times 32 bytes as the blob has pieces.
///
/// | bytes | |
/// | --- | --- |
/// | 8 | `shoalch1` |
/// | 8 | the blob's size, little-endian |
/// | 16 | the first half of the SHA-256 of: the two above, the digest's 32 bytes, the states |
/// | 32 · n | the states after the pieces but the last |
///
/// The checksum is against accidents: a torn write, a rotten disk, a file under another's name.
struct ChainFile {
    static let headerSize = 32
    private static let magic = Array("shoalch1".utf8)
    private static let checksumSize = 16

    /// - Parameter chain: a complete one.
    static func encode(_ chain: HashChain) -> [UInt8] {
        let states = chain.encoded
        let head = magic + bytes(of: chain.size)
        return head + checksum(head, chain.digest, states[...]) + states
    }

    /// Reads what ``encode(_:)`` wrote.
    /// - Throws: `.unusable`, `.sizeMismatch` or `.digestMismatch` where it is not a complete chain of this digest.
    static func decode(_ bytes: [UInt8], as digest: Digest) throws(ContentError) -> HashChain {
        guard bytes.count >= headerSize, bytes.starts(with: magic) else {
            throw ContentError(.unusable, "it does not begin as a hash chain does")
        }
        let head = bytes[..<16]
        let states = bytes[headerSize...]
        guard bytes[16..<headerSize].elementsEqual(checksum(Array(head), digest, states)) else {
            throw ContentError(.digestMismatch, "its checksum is wrong")
        }
        let size = head[8...].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        do {
            guard let size = Int64(exactly: size) else { throw ContentError(.sizeMismatch, "its size is none") }
            let chain = try HashChain(digest: digest, size: size, encoded: states)
            guard chain.isComplete else {
                throw ContentError(
                    .sizeMismatch,
                    "it has \(chain.states.count) states; a blob of \(size) bytes has \(chain.boundaries)")
            }
            return chain
        } catch let error as ContentError {
            throw error
        } catch {
            throw ContentError(.unusable, "\(error)", cause: error)
        }
    }

    private static func bytes(of size: Int64) -> [UInt8] {
        stride(from: 0, to: 64, by: 8).map { UInt8(truncatingIfNeeded: size >> Int64($0)) }
    }

    private static func checksum(_ head: [UInt8], _ digest: Digest, _ states: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var hasher = ContentHasher(.sha256)
        for part in [head[...], digest.bytes[...], states] { part.withUnsafeBytes { hasher.update($0) } }
        return hasher.finish().bytes.prefix(checksumSize)
    }
}
