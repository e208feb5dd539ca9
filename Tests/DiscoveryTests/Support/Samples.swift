import Integrity
import OCI
import SystemPackage

@testable import Discovery

/// Values that tests are made of.
enum Samples {
    static let start = ContinuousClock.now

    static func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    static func digest(_ number: Int) -> Digest {
        ContentHasher.digest(of: Array("blob \(number)".utf8))
    }

    /// One that is made fast, for tests with very many.
    static func plainDigest(_ number: Int, algorithm: Digest.Algorithm = .sha256) -> Digest {
        let bytes = (0..<algorithm.byteCount).map { UInt8(truncatingIfNeeded: $0 < 8 ? number >> (8 * $0) : 7) }
        return (try? Digest(algorithm: algorithm, bytes: bytes))!
    }

    static func longDigest(_ number: Int) -> Digest {
        ContentHasher.digest(of: Array("blob \(number)".utf8), algorithm: .sha512)
    }

    static func entry(_ number: Int, size: Int64 = 100) -> InventoryEntry {
        InventoryEntry(digest: digest(number), size: size)
    }

    static func entries(_ numbers: Range<Int>) -> [InventoryEntry] { numbers.map { entry($0) } }

    static func reference(_ text: String) throws -> ImageReference { try ImageReference(normalizing: text) }

    static let nginx = (try? ImageReference(normalizing: "nginx"))!

    static func offer(_ text: String, _ number: Int, knownGood: Int64 = 1_000_000) throws -> ReferenceOffer {
        ReferenceOffer(
            reference: try reference(text), digest: digest(number), mediaType: .ociIndex, knownGood: knownGood)
    }

    static func claim(_ text: String, _ number: Int, age: UInt64 = 0) throws -> ReferenceEntry {
        ReferenceEntry(
            reference: try reference(text), digest: digest(number), mediaType: .ociIndex, ageSeconds: age)
    }

    /// A name of the local namespace, as this node offers it and as a peer tells of it.
    static func localOffer(
        _ name: String, _ number: Int, version: NameVersion?, isDeleted: Bool = false, subject: Digest? = nil,
        knownGood: Int64 = 1_000_000
    ) throws -> ReferenceOffer {
        ReferenceOffer(
            reference: try reference("localhost:5050/\(name)"), digest: digest(number), mediaType: .ociManifest,
            knownGood: knownGood, version: version, isDeleted: isDeleted, subject: subject)
    }

    static func localClaim(
        _ name: String, _ number: Int, version: NameVersion?, isDeleted: Bool = false, subject: Digest? = nil
    ) throws -> ReferenceEntry {
        try localOffer(name, number, version: version, isDeleted: isDeleted, subject: subject).entry(at: 1_000_000)
    }

    static func version(_ counter: UInt64, by author: UInt64 = 1) -> NameVersion {
        NameVersion(counter: counter, author: node(author))
    }

    static func node(_ number: UInt64) -> NodeID {
        NodeID(bytes: (0..<16).map { $0 < 8 ? 0xaa : UInt8(truncatingIfNeeded: number >> (120 - 8 * UInt64($0))) })!
    }

    static func ip(_ text: String) -> IPAddress { IPAddress(text)! }

    static func key(_ byte: UInt8 = 1) throws -> ClusterKey {
        try ClusterKey(secrets: [[UInt8](repeating: byte, count: 32)])
    }

    static func keys(_ bytes: UInt8...) throws -> ClusterKey {
        try ClusterKey(secrets: bytes.map { [UInt8](repeating: $0, count: 32) })
    }

    static func identity(_ number: UInt64, epoch: UInt64 = 1) -> NodeIdentity {
        NodeIdentity(id: node(number), name: "node-\(number)", epoch: epoch)
    }

    static func hello(
        _ number: UInt64, epoch: UInt64 = 1, sequence: UInt64 = 1, port: UInt16 = 5051, version: UInt64 = 0,
        count: UInt64 = 0, changes: InventoryState.Changes? = nil
    ) -> Beacon {
        Beacon(
            node: node(number), epoch: epoch, sequence: sequence,
            payload: .hello(
                Beacon.Hello(
                    httpPort: port, name: "node-\(number)", interval: .seconds(5), version: version, count: count,
                    changes: changes)))
    }

    static func bye(_ number: UInt64, epoch: UInt64 = 1, sequence: UInt64 = 1) -> Beacon {
        Beacon(node: node(number), epoch: epoch, sequence: sequence, payload: .bye)
    }

    static func want(
        _ number: UInt64, _ blobs: [Beacon.Wanted], epoch: UInt64 = 1, sequence: UInt64 = 2,
        interval: Duration = .seconds(5)
    ) -> Beacon {
        Beacon(
            node: node(number), epoch: epoch, sequence: sequence,
            payload: .want(Beacon.Want(blobs: blobs, interval: interval)))
    }

    static func wanted(_ number: Int, size: Int64? = nil, isEnded: Bool = false) -> Beacon.Wanted {
        Beacon.Wanted(digest: digest(number), size: size, isEnded: isEnded)
    }

    static func document(_ number: UInt64, epoch: UInt64 = 1, version: UInt64 = 0) -> NodeDocument {
        NodeDocument(identity: identity(number, epoch: epoch), version: version, key: nil, port: 5051)
    }
}
