import FoundationEssentials

/// An image's configuration (OCI image specification, `config.md`), as far as bringing the image to a node needs it.
public struct ImageConfig: Codable, Hashable, Sendable {
    /// The layers as they are without compression.
    public struct RootFS: Codable, Hashable, Sendable {
        /// Always `layers`.
        public var type: String
        /// From the bottom to the top: as many as the manifest has layers.
        public var diffIDs: [Digest]

        private enum CodingKeys: String, CodingKey {
            case type
            case diffIDs = "diff_ids"
        }

        /// Makes the record of its parts.
        public init(type: String = "layers", diffIDs: [Digest]) {
            self.type = type
            self.diffIDs = diffIDs
        }
    }

    /// Largest configuration in bytes: they are small, but may carry a long history.
    public static let maximumSize = 8 << 20

    public var os: String
    public var architecture: String
    public var variant: String?
    public var rootfs: RootFS

    /// Makes the record of its parts.
    public init(os: String, architecture: String, variant: String? = nil, rootfs: RootFS) {
        self.os = os
        self.architecture = architecture
        self.variant = variant
        self.rootfs = rootfs
    }

    /// Reads a configuration.
    /// - Throws: `.manifestInvalid` for what is none.
    public init(bytes: [UInt8]) throws(OCIError) {
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(bytes))
        } catch {
            throw OCIError(
                code: .manifestInvalid,
                message: "an image's configuration cannot be read: it lacks os, architecture or rootfs")
        }
    }

    /// What the image is for.
    public var platform: Platform { Platform(os: os, architecture: architecture, variant: variant) }
}

extension MediaType {
    /// The configuration of an image that can be run, OCI's or Docker's.
    public var isImageConfig: Bool { self == .ociConfig || self == .dockerConfig }

    /// A layer of a file system, whatever its compression.
    public var isLayer: Bool {
        rawValue.hasPrefix("application/vnd.oci.image.layer.")
            || rawValue.hasPrefix("application/vnd.docker.image.rootfs.")
    }
}
