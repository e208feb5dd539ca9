import Content
import OCI
import Testing

@testable import Transfer

@Suite("The memory of confirmed tags")
struct TagMemoryTests {
    private func image(_ name: String?, _ byte: UInt8 = 1, knownGood: Int64) throws -> ImageRecord {
        let reference = try name.map { try ImageReference(normalizing: $0) }
        return ImageRecord(
            reference: reference, origin: reference?.origin,
            digest: try Digest(algorithm: .sha256, bytes: [UInt8](repeating: byte, count: 32)),
            mediaType: .ociManifest, size: 1, knownGood: knownGood)
    }

    @Test("makes what containerd holds as fresh as upstream's last word on it")
    func confirmed() throws {
        let tags = TagMemory()
        tags.remember(try image("nginx:1", knownGood: 50))
        #expect(tags.confirmed(try image("nginx:1", knownGood: 10)).knownGood == 50)
        #expect(tags.confirmed(try image("nginx:1", knownGood: 60)).knownGood == 60)
    }

    @Test("says nothing of another name, another manifest, or what has no name")
    func others() throws {
        let tags = TagMemory()
        tags.remember(try image("nginx:1", knownGood: 50))
        tags.remember(try image(nil, knownGood: 50))
        #expect(tags.confirmed(try image("nginx:2", knownGood: 10)).knownGood == 10)
        #expect(tags.confirmed(try image("nginx:1", 2, knownGood: 10)).knownGood == 10)
        #expect(tags.confirmed(try image(nil, knownGood: 10)).knownGood == 10)
    }

    @Test("goes by the newest word, in whatever order they come")
    func newest() throws {
        let tags = TagMemory()
        tags.remember(try image("nginx:1", 1, knownGood: 50))
        tags.remember(try image("nginx:1", 2, knownGood: 40))
        #expect(tags.confirmed(try image("nginx:1", 1, knownGood: 1)).knownGood == 50)
        #expect(tags.confirmed(try image("nginx:1", 2, knownGood: 1)).knownGood == 1)
    }

    @Test("is bounded: what was confirmed longest ago goes first")
    func bounded() throws {
        let tags = TagMemory(limit: 10)
        for number in 1...30 { tags.remember(try image("app:\(number)", knownGood: Int64(number))) }
        #expect(tags.confirmed(try image("app:1", knownGood: 0)).knownGood == 0)
        #expect(tags.confirmed(try image("app:30", knownGood: 0)).knownGood == 30)
    }
}
