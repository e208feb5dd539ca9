import FoundationEssentials
import Integrity
import OCI

/// An image that nobody has had before: written straight into a docker-registry's storage, and known to the test byte by byte.
struct FaultImage: Sendable {
    struct Blob: Sendable {
        let digest: String
        let bytes: [UInt8]
        var kind = "application/vnd.oci.image.layer.v1.tar"

        init(_ bytes: [UInt8], kind: String) {
            self.bytes = bytes
            self.kind = kind
            digest = ContentHasher.digest(of: bytes).description
        }

        var descriptor: String { #"{"mediaType":"\#(kind)","digest":"\#(digest)","size":\#(bytes.count)}"# }
    }

    static let manifestType = "application/vnd.oci.image.manifest.v1+json"
    private static let configType = "application/vnd.oci.image.config.v1+json"
    private static let layerType = "application/vnd.oci.image.layer.v1.tar"
    static let tag = "1"

    let repository: String
    let manifest: Blob
    let config: Blob
    let layers: [Blob]

    /// Layers that hold one file of random bytes each, so that a real containerd unpacks them.
    init(_ repository: String, layerBytes: [Int], seed: UInt64) {
        self.repository = repository
        var dice = SplitMix(seed)
        layers = layerBytes.map { size in
            var layer = TarArchive()
            let words = (0..<(size + 7) / 8).map { _ in dice.next() }
            layer.add("random", words.withUnsafeBytes { Array($0.prefix(size)) })
            return Blob(layer.finish(), kind: Self.layerType)
        }
        let ids = layers.map { "\"\($0.digest)\"" }.joined(separator: ",")
        config = Blob(
            Array(#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[\#(ids)]}}"#.utf8),
            kind: Self.configType)
        let text = """
            {"schemaVersion":2,"mediaType":"\(Self.manifestType)","config":\(config.descriptor),\
            "layers":[\(layers.map(\.descriptor).joined(separator: ","))]}
            """
        manifest = Blob(Array(text.utf8), kind: Self.manifestType)
    }

    var blobs: [Blob] { [config] + layers }
    var everything: [Blob] { [manifest] + blobs }
    var bytes: Int { everything.reduce(0) { $0 + $1.bytes.count } }

    // MARK: In a registry's storage

    func write(to storage: String) throws {
        let files = FileManager.default
        func put(_ bytes: [UInt8], _ path: String) throws {
            let url = URL(filePath: "\(storage)/docker/registry/v2/\(path)")
            try files.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: url)
        }
        for blob in everything { try put(blob.bytes, Self.place(blob) + "/data") }
        let base = "repositories/\(repository)"
        for blob in blobs {
            try put(Array(blob.digest.utf8), "\(base)/_layers/\(Self.folder(blob.digest))/link")
        }
        let link = Array(manifest.digest.utf8)
        try put(link, "\(base)/_manifests/revisions/\(Self.folder(manifest.digest))/link")
        try put(link, "\(base)/_manifests/tags/\(Self.tag)/current/link")
        try put(link, "\(base)/_manifests/tags/\(Self.tag)/index/\(Self.folder(manifest.digest))/link")
    }

    /// Takes it out again: a thousand trials need not lie on the disk.
    func remove(from storage: String) {
        let files = FileManager.default
        for blob in everything {
            try? files.removeItem(atPath: "\(storage)/docker/registry/v2/\(Self.place(blob))")
        }
        try? files.removeItem(atPath: "\(storage)/docker/registry/v2/repositories/\(repository)")
    }

    private static func folder(_ digest: String) -> String { digest.split(separator: ":").joined(separator: "/") }

    private static func place(_ blob: Blob) -> String {
        let hex = blob.digest.dropFirst("sha256:".count)
        return "blobs/sha256/\(hex.prefix(2))/\(hex)"
    }
}

/// Dice that fall the same way for the same seed (Steele, Lea, Flood: SplitMix64).
struct SplitMix: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    /// Dice of their own for whatever has a name, so that what one trial throws changes nothing for the next.
    init(_ seed: UInt64, _ name: String) {
        state = name.utf8.reduce(seed ^ 0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
}
