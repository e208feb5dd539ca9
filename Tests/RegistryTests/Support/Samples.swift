import Discovery
import OCI

@testable import Registry

/// Digests, nodes and names that tell each other apart.
enum Sample {
    static func digest(_ letter: Character) -> Digest {
        guard let digest = try? Digest("sha256:" + String(repeating: letter, count: 64)) else {
            preconditionFailure("\(letter) is no hexadecimal digit")
        }
        return digest
    }

    static func node(_ byte: UInt8) -> NodeID {
        guard let id = NodeID(bytes: [UInt8](repeating: byte, count: 16)) else { preconditionFailure("16 bytes") }
        return id
    }

    static func repository(_ text: String) -> RepositoryName {
        guard let name = try? RepositoryName(text) else { preconditionFailure("\(text) is no name") }
        return name
    }

    /// `app:v1`, or a digest's letter: `app@a`.
    static func name(_ text: String) -> LocalName {
        if let at = text.firstIndex(of: "@"), let letter = text[at...].dropFirst().first {
            return LocalName(repository(String(text[..<at])), .digest(digest(letter)))
        }
        guard let image = try? ImageReference(normalizing: "localhost:5050/\(text)"), let name = LocalName(image) else {
            preconditionFailure("\(text) is no local name")
        }
        return name
    }

    static func version(_ counter: UInt64, _ author: UInt8 = 1) -> NameVersion {
        NameVersion(counter: counter, author: node(author))
    }

    static func record(
        _ text: String, _ letter: Character, _ version: NameVersion, isDeleted: Bool = false, subject: Character? = nil,
        isOwn: Bool = true, since: Int64 = 1_000
    ) -> NameRecord {
        NameRecord(
            name: name(text), digest: digest(letter), mediaType: .ociManifest, size: 100, version: version,
            isDeleted: isDeleted, subject: subject.map(digest), isOwn: isOwn, since: since)
    }

    static func claim(
        _ text: String, _ letter: Character, _ version: NameVersion?, isDeleted: Bool = false, by node: UInt8 = 2
    ) -> NameClaim {
        NameClaim(
            name: name(text), digest: digest(letter), mediaType: .ociManifest, version: version, isDeleted: isDeleted,
            node: Sample.node(node))
    }
}
