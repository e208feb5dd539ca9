import NIOCore
import OCI
import Testing

@testable import Archive

/// Archives are strangers' bytes. Good ones are changed at random here: either what was in them is found, or an error says what is wrong.
struct MutationTests {
    private static func archives() throws -> [[UInt8]] {
        let (one, two) = (try SampleImage(1), try SampleImage(2, layers: 1, isPacked: true))
        var links = TarBuilder(try SampleArchive.docker(one, ["a:1"]))
        links.add("2/layer.tar", flag: "2", link: "../0/layer.tar")
        links.addPax([("path", "x/" + String(repeating: "y", count: 120)), ("size", "0")])
        links.add("z")
        links.add("@", Array("long\0".utf8), flag: "L", format: .gnu)
        links.add("short", format: .gnu)
        let oci = TarBuilder(try SampleArchive.oci(two, ["org.opencontainers.image.ref.name": "b:2"])).whole
        return [oci, links.whole, gzipped(oci)]
    }

    private static func mutate(_ bytes: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            guard !bytes.isEmpty else { return bytes }
            let position = Int.random(in: 0..<bytes.count, using: &generator)
            let block = position / 512 * 512
            switch Int.random(in: 0..<9, using: &generator) {
            case 0: bytes[position] = UInt8.random(in: .min ... .max, using: &generator)
            case 1: bytes.removeSubrange(position...)
            case 2: bytes.removeSubrange(block..<min(block + 512, bytes.count))
            case 3: bytes.insert(contentsOf: bytes[block..<min(block + 512, bytes.count)], at: block)
            case 4: bytes.insert(contentsOf: [UInt8](repeating: 0, count: 512), at: block)
            case 5: bytes.swapAt(position, bytes.count - 1)
            case 6: bytes.remove(at: position)
            default:
                // A header that says something else, with a sum that is right.
                guard block + 512 <= bytes.count else { continue }
                let field = [0, 100, 124, 135, 156, 157, 257, 345].randomElement(using: &generator) ?? 0
                let spice: [UInt8] = [0, 0x80, 0xff] + Array("0127xLKSgMV/. ".utf8)
                bytes[block + field] = spice.randomElement(using: &generator) ?? 0
                var header = Array(bytes[block..<block + 512])
                TarBuilder.sum(&header)
                bytes.replaceSubrange(block..<block + 512, with: header)
            }
        }
        return bytes
    }

    @Test("a changed archive is read right, or refused in words; no blob is left under way", arguments: 0..<8)
    func mutations(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let archives = try Self.archives()
        let good = try Set(await Self.images(in: archives))
        for _ in 0..<700 {
            let source = archives.randomElement(using: &generator) ?? []
            let bytes = Self.mutate(source, using: &generator)
            let portion = [61, 512, 1 << 20].randomElement(using: &generator) ?? 1
            let sink = MemorySink()
            do {
                let found = try await contents(of: bytes, into: sink, portion: portion)
                #expect(!found.images.isEmpty)
                for image in found.images {
                    // Digests hold OCI's images together, and the configuration Docker's: nothing else can come of it.
                    #expect(good.contains(image.descriptor.digest), "\(seed)")
                    for digest in image.blobs { #expect(sink.blobs[digest] != nil) }
                }
            } catch let error as ArchiveError {
                #expect(!error.message.isEmpty && error.message.utf8.allSatisfy { $0 >= 0x20 })
            }
        }
    }

    private static func images(in archives: [[UInt8]]) async throws -> [Digest] {
        var digests: [Digest] = []
        for archive in archives { digests += try await contents(of: archive).images.map(\.descriptor.digest) }
        return digests
    }

    @Test("the tar reader takes every byte that it is given, and tells whole entries only", arguments: 0..<4)
    func tar(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed &+ 100)
        let archives = try Self.archives().dropLast()
        for _ in 0..<2500 {
            let bytes = Self.mutate(archives.randomElement(using: &generator) ?? [], using: &generator)
            do {
                let listing = try TarListing(bytes, portions: [1000, 7])
                for item in listing.items { #expect(item.isWhole && Int64(item.content.count) == item.entry.size) }
                #expect(try TarListing(bytes) == listing)
            } catch {
                #expect(error is ArchiveError)
            }
        }
    }
}
