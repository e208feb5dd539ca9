/// What a manifest in an index is for: operating system and architecture by Go's names.
public struct Platform: Codable, CustomStringConvertible, Hashable, Sendable {
    /// The operating system: `linux`.
    public var os: String
    /// The processor: `amd64`, `arm64`.
    public var architecture: String
    /// The generation of an architecture: `v7` of arm.
    public var variant: String?
    /// `os.version`, which Windows images need.
    public var osVersion: String?

    /// Makes a platform; the names are taken as they are.
    public init(os: String, architecture: String, variant: String? = nil, osVersion: String? = nil) {
        self.os = os
        self.architecture = architecture
        self.variant = variant
        self.osVersion = osVersion
    }

    private enum CodingKeys: String, CodingKey {
        case os, architecture, variant
        case osVersion = "os.version"
    }

    /// The platform that this program was built for.
    public static var current: Platform {
        #if arch(x86_64)
            Platform(os: "linux", architecture: "amd64")
        #elseif arch(arm64)
            Platform(os: "linux", architecture: "arm64", variant: "v8")
        #elseif arch(arm)
            Platform(os: "linux", architecture: "arm", variant: "v7")
        #elseif arch(i386)
            Platform(os: "linux", architecture: "386")
        #elseif arch(powerpc64le)
            Platform(os: "linux", architecture: "ppc64le")
        #elseif arch(s390x)
            Platform(os: "linux", architecture: "s390x")
        #elseif arch(riscv64)
            Platform(os: "linux", architecture: "riscv64")
        #endif
    }

    /// Whether an image for `other` runs on this platform: same system and architecture, and the same variant where
    /// both name one.
    public func runs(_ other: Platform) -> Bool {
        guard os == other.os, architecture == other.architecture else { return false }
        guard let variant, let wanted = other.variant else { return true }
        return variant == wanted
    }

    /// `linux/arm/v7`
    public var description: String {
        [os, architecture, variant].compactMap { $0 }.joined(separator: "/")
    }
}
