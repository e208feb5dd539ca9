import FoundationEssentials
import Integrity
import OCI
import Testing

/// A hash chain that a node could have forged: it holds for the node's own wrong bytes, and only its last link does not lead to the digest.
/// The form of its file is `Sources/Content/Chains`'.
enum ForgedChain {
    private static let headerSize = 32

    /// Flips a bit of a blob in a node's store, and rewrites the chain that the node keeps of the blob so that it fits.
    static func plant(on node: Node, digest: String, at offset: Int) throws {
        let blob = node.storedFile(of: digest)
        try FileDamage.flipBit(in: blob, at: offset)
        let hex = String(digest.dropFirst("sha256:".count))
        let folder = node.dataDirectory + "/chains"
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.contains(hex) }
        let file = try #require(files.first, "the node keeps no chain of \(digest)")
        let states = try states(of: blob)
        try FileDamage.rewrite("\(folder)/\(file)", at: 0, count: headerSize + states.count) { bytes in
            let head = Array(bytes[..<16])
            return head + ContentHasher.digest(of: head + Self.bytes(hex) + states).bytes.prefix(16) + states
        }
    }

    private static func states(of path: String) throws -> [UInt8] {
        let data = try Data(contentsOf: URL(filePath: path), options: .alwaysMapped)
        var hasher = ChainHasher()
        data.withUnsafeBytes { hasher.update($0) }
        return hasher.finish().encoded
    }

    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
