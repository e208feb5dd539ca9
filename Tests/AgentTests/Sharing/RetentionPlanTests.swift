import OCI
import Testing

@testable import Agent

/// Digests are told by their first byte. An image is the manifest 1 with the layers 11 and 12.
@Suite("What Shoal need not keep because containerd does")
struct RetentionPlanTests {
    private static let name = "docker.io/library/a:1"
    private let children: [UInt8: [UInt8]] = [1: [11, 12], 5: [1, 2]]

    /// - Parameters:
    ///   - own: what Shoal's store holds.
    ///   - kept: what containerd holds and keeps.
    ///   - names: Shoal's names of manifests.
    ///   - meanings: what names mean to containerd.
    private func redundant(
        own: [UInt8], kept: [UInt8], names: [String: UInt8] = [:], meanings: [String: UInt8] = [:]
    ) throws -> [UInt8] {
        let references = try names.map { (try ImageReference(normalizing: $0.key), $0.value) }
        let known = try meanings.map { (try ImageReference(normalizing: $0.key), try TestNode().digest($0.value)) }
        let meaning = Dictionary(uniqueKeysWithValues: known)
        let plan = RetentionPlan(
            isKept: { kept.contains($0.bytes[0]) }, isHeld: { own.contains($0.bytes[0]) },
            children: { [children] parent in (children[parent.bytes[0]] ?? []).compactMap { try? TestNode().digest($0) }
            },
            names: { digest in references.filter { $0.1 == digest.bytes[0] }.map(\.0) },
            meaning: { meaning[$0] })
        return plan.redundant(among: try own.map { try TestNode().digest($0) }).map { $0.bytes[0] }
    }

    @Test("is an image that containerd has taken in, what is named before what names it")
    func whole() throws {
        #expect(try redundant(own: [1, 11, 12], kept: [1, 11, 12]) == [11, 12, 1])
        #expect(try redundant(own: [5, 1, 11, 12], kept: [5, 1, 11, 12]) == [11, 12, 1, 5])
    }

    @Test("is not what another client pulled")
    func otherClient() throws {
        #expect(try redundant(own: [1, 11, 12], kept: []) == [])
    }

    @Test("is not what containerd has but does not keep: the pull runs, or its layers are discarded after unpacking")
    func discarded() throws {
        #expect(try redundant(own: [1, 11, 12], kept: [1, 11]) == [11])
    }

    @Test("is no manifest of whose layers one stays, nor an index over it")
    func manifestOfWhatStays() throws {
        #expect(try redundant(own: [5, 1, 12], kept: [5, 1]) == [])
    }

    @Test("is a manifest whose layers never came here")
    func manifestAlone() throws {
        #expect(try redundant(own: [1], kept: [1, 11, 12]) == [1])
    }

    @Test("is no manifest with a name that containerd does not have, or has for something else")
    func otherName() throws {
        #expect(try redundant(own: [1, 11], kept: [1, 11], names: [Self.name: 1]) == [11])
        #expect(try redundant(own: [1, 11], kept: [1, 11], names: [Self.name: 1], meanings: [Self.name: 2]) == [11])
        #expect(
            try redundant(own: [1, 11], kept: [1, 11], names: [Self.name: 1], meanings: [Self.name: 1]) == [11, 1])
    }
}
