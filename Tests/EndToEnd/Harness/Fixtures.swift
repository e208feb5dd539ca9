import Glibc
import Testing

/// The images that `deploy/lib/fixtures` made, and the registry storage that holds them.
struct Fixtures: Sendable {
    struct Image: Sendable, Decodable {
        struct Blob: Sendable, Decodable {
            let digest: String
            let size: Int
        }

        let repository: String
        let tag: String
        let digest: String
        let blobs: [Blob]
        /// One whole copy: config, layers and manifests.
        let bytes: Int

        /// The reference by tag: `registry.test/debian/demo:1`.
        func tagged(at registry: String = "registry.test") -> String { "\(registry)/\(repository):\(tag)" }

        /// The reference by digest.
        func pinned(at registry: String = "registry.test") -> String { "\(registry)/\(repository)@\(digest)" }

        var largestBlob: Blob { get throws { try #require(blobs.max { $0.size < $1.size }) } }
    }

    /// A docker-registry's storage.
    let storage: String
    private let images: [Image]

    /// Six layers of 100 MiB and more; one layer; one layer of other content under the next tag; two platforms; 1 GiB; four layers of 64 MiB
    /// that nothing compresses; an eStargz layer of 256 MiB.
    enum Name: String {
        case demo = "debian/demo:1"
        case small = "debian/small:1"
        case smallNext = "debian/small:2"
        case multi = "debian/multi:1"
        case hubSmall = "library/small:1"
        case big = "debian/big:1"
        case random = "debian/random:64"
        case lazy = "debian/lazy:1"

        /// What `deploy/lib/fixtures` makes it for.
        fileprivate var options: [String] {
            switch self {
            case .big: ["--big"]
            case .random: ["--random", "64"]
            case .lazy: ["--lazy"]
            default: []
            }
        }
    }

    /// Makes what is not there yet, which takes half a minute once per machine.
    static func image(_ name: Name) async throws -> Image {
        let fixtures = try await load(name.options)
        return try #require(fixtures.images.first { "\($0.repository):\($0.tag)" == name.rawValue })
    }

    static func load(_ options: [String] = []) async throws -> Fixtures {
        let folder = try await Command(
            ["\(Environment.root)/deploy/lib/fixtures"] + options, within: .seconds(600)
        ).run().split(separator: "\n").last.map(String.init)
        let path = try #require(folder)
        return try Fixtures(
            storage: path + "/registry", images: JSON.decode([Image].self, file: path + "/images.json"))
    }

    /// A part of a blob, as the registry has it.
    static func bytes(of digest: String, _ range: Range<Int>) async throws -> [UInt8] {
        let hex = digest.dropFirst("sha256:".count)
        let path = try await "\(load().storage)/docker/registry/v2/blobs/sha256/\(hex.prefix(2))/\(hex)/data"
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw HarnessError("cannot open \(path)") }
        defer { close(descriptor) }
        return try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            count = max(0, pread(descriptor, buffer.baseAddress, range.count, range.lowerBound))
            guard count == range.count else { throw HarnessError("\(path) has no bytes \(range)") }
        }
    }
}
