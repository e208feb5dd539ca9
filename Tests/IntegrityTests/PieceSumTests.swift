import OCI
import Testing

@testable import Integrity

@Suite("The checksum of a piece")
struct PieceSumTests {
    private func sum(_ bytes: [UInt8]) throws -> PieceSum {
        try PieceSum(length: Int64(bytes.count)) { offset, buffer in
            buffer.copyBytes(from: bytes[Int(offset)..<Int(offset) + buffer.count])
        }
    }

    @Test(
        "is SHA-256 over the SHA-256 digests of its leaves",
        arguments: [0, 1, 63, 64, 256 << 10, (256 << 10) + 1, (1 << 20) - 7, 4 << 20])
    func definition(length: Int) throws {
        let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 9) }
        let leaves = stride(from: 0, to: max(length, 1), by: 256 << 10).flatMap { start in
            ContentHasher.digest(of: Array(bytes[start..<min(length, start + (256 << 10))])).bytes
        }
        #expect(try sum(bytes).bytes == ContentHasher.digest(of: leaves).bytes)
    }

    @Test("changes with every byte of the piece", arguments: [0, 1, 262_143, 262_144, 999_999])
    func sensitivity(at index: Int) throws {
        var bytes = [UInt8](repeating: 7, count: 1_000_000)
        let right = try sum(bytes)
        bytes[index] ^= 1
        #expect(try sum(bytes) != right)
    }

    @Test("fails where its bytes cannot be read")
    func unreadable() {
        struct Unreadable: Error {}
        #expect(throws: Unreadable.self) { try PieceSum(length: 10) { _, _ in throw Unreadable() } }
    }
}
