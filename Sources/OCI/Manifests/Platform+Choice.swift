/// Platforms as people write them, and which of those on offer is the best for one.
extension Platform {
    /// Reads `os/arch` or `os/arch/variant`: `linux/arm64`, `linux/arm/v7`. Names that others use for an architecture are read too.
    /// - Throws: `.manifestInvalid`, saying how platforms are written.
    public init(parsing text: String) throws(OCIError) {
        let parts = text.lowercased().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let isWord = parts.allSatisfy { part in
            (1...32).contains(part.utf8.count)
                && part.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                    default: "._-".utf8.contains(byte)
                    }
                }
        }
        guard (2...3).contains(parts.count), isWord else {
            throw OCIError(
                code: .manifestInvalid,
                message:
                    "platform \(Excerpt(text)) is not os/arch or os/arch/variant, such as linux/arm64 or linux/arm/v7")
        }
        let (architecture, implied) = Self.aliases[parts[1]] ?? (parts[1], nil)
        self.init(os: parts[0], architecture: architecture, variant: parts.count == 3 ? parts[2] : implied)
    }

    /// What `uname -m` and Debian call them.
    private static let aliases: [String: (architecture: String, variant: String?)] = [
        "x86_64": ("amd64", nil), "x86-64": ("amd64", nil), "i386": ("386", nil), "i686": ("386", nil),
        "aarch64": ("arm64", nil), "armhf": ("arm", "v7"), "armel": ("arm", "v6"), "ppc64el": ("ppc64le", nil),
    ]

    /// How well an image for another platform serves this one: 0 is best; nil: not at all.
    ///
    /// A variant is a generation of the processor: newer ones run what was built for older ones.
    public func rank(of other: Platform) -> Int? {
        guard os == other.os, architecture == other.architecture else { return nil }
        switch (generation, other.generation) {
        case (let own?, let other?): return other <= own ? own - other : nil
        default: return variant == other.variant ? 0 : nil
        }
    }

    /// 7 of `v7`; where none is named, what is meant by that.
    private var generation: Int? {
        guard let variant else {
            switch architecture {
            case "amd64": return 1
            case "arm": return 7
            case "arm64": return 8
            default: return 0
            }
        }
        guard variant.first == "v" else { return nil }
        return Int(variant.dropFirst())
    }
}

extension ImageIndex {
    /// The manifest or index that serves a platform best: the first among equals.
    public func best(for platform: Platform) -> Descriptor? {
        let ranked = manifests.compactMap { descriptor in
            descriptor.platform.flatMap(platform.rank).map { (rank: $0, descriptor: descriptor) }
        }
        return ranked.min { $0.rank < $1.rank }?.descriptor
    }

    /// The platforms on offer, each once, in their order; what is not for running (`unknown/unknown`) is left out.
    public var platforms: [Platform] {
        var known: Set<String> = []
        return manifests.compactMap(\.platform).filter { $0.os != "unknown" && known.insert($0.description).inserted }
    }
}
