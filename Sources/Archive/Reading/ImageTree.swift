import OCI

/// What belongs to an image, as far as it was in the archive.
struct ImageTree: Sendable {
    /// Manifests, configurations and layers, each once, in the order in which they were found.
    private(set) var blobs: [Digest] = []
    /// Of those, in bytes.
    private(set) var size: Int64 = 0
    /// The configurations, with how many layers their manifests have.
    private(set) var configs: [Digest: Int] = [:]
    /// Of the manifests that were there, as the index says.
    private(set) var platforms: [Platform] = []
    private var seen: Set<Digest> = []
    private var seenPlatforms: Set<Platform> = []

    func contains(_ digest: Digest) -> Bool { seen.contains(digest) }

    mutating func add(_ digest: Digest, size: Int64) {
        guard seen.insert(digest).inserted else { return }
        blobs.append(digest)
        self.size += size
    }

    mutating func add(config: Digest, layers: Int) { configs[config] = layers }

    /// What is not for running, such as attestations, says so by `unknown`.
    mutating func add(_ platform: Platform?) {
        guard let platform, platform.os != "unknown", seenPlatforms.insert(platform).inserted else {
            return
        }
        platforms.append(platform)
    }
}
