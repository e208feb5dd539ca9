import FoundationEssentials
import Integrity
import OCI

/// Looks at what lies in a node's store behind the agent's back: each file's bytes, by its name.
enum StoreWalk {
    /// The digests of all files there, and those whose bytes are others.
    static func walk(_ node: Node) -> (held: Set<String>, damaged: [String]) {
        let folder = node.dataDirectory + "/store/blobs/sha256"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        var held: Set<String> = []
        var damaged: [String] = []
        // What is being written has another name.
        for name in names where name.count == 64 && name.allSatisfy(\.isHexDigit) {
            let digest = "sha256:" + name
            switch isRight(node, digest) {
            case true: held.insert(digest)
            case false: damaged.append("\(digest) on \(node.name)")
            case nil: break
            }
        }
        return (held, damaged)
    }

    /// Nil where it is not there.
    static func isRight(_ node: Node, _ digest: String) -> Bool? {
        guard let bytes = FileManager.default.contents(atPath: node.storedFile(of: digest)) else { return nil }
        return bytes.withUnsafeBytes { bytes in
            var hasher = ContentHasher(.sha256)
            hasher.update(bytes)
            return hasher.finish().description == digest
        }
    }

    /// Everything that a node holds, as `shoal verify` finds it, and by the files' own bytes.
    static func verify(_ node: Node) async throws -> [String] {
        let result = try await node.shoal("verify")
        var complaints = walk(node).damaged
        if !result.succeeded {
            complaints.append("shoal verify on \(node.name): \(result.text.suffix(300)) \(result.errors.suffix(300))")
        }
        return complaints
    }
}
