import Integrity
import OCI

/// The snapshots of an image: each layer over those below it (OCI image specification, `config.md`, "Layer ChainID").
struct LayerChain: Sendable, Equatable {
    struct Link: Sendable, Equatable {
        var layer: Descriptor
        /// Of the layer without compression.
        var diffID: Digest
        /// The snapshot below; nil for the lowest.
        var parent: Digest?
        /// The snapshot with this layer on top.
        var name: Digest
    }

    private(set) var links: [Link] = []

    /// - Throws: Where the configuration speaks of other layers than the manifest.
    init(_ manifest: Manifest, _ config: ImageConfig, image: ImageReference) throws(PullFailure) {
        let diffIDs = config.rootfs.diffIDs
        guard diffIDs.count == manifest.layers.count else {
            throw PullFailure(
                code: .refused,
                reason:
                    "\(image) cannot be unpacked: its manifest has \(manifest.layers.count) layers, its configuration "
                    + "speaks of \(diffIDs.count)",
                mend: "--no-unpack brings it packed")
        }
        for (layer, diffID) in zip(manifest.layers, diffIDs) {
            let parent = links.last?.name
            let name = parent.map { ContentHasher.digest(of: Array("\($0) \(diffID)".utf8)) } ?? diffID
            links.append(Link(layer: layer, diffID: diffID, parent: parent, name: name))
        }
    }

    /// The snapshot that a container begins with; nil for an image without layers.
    var top: Digest? { links.last?.name }
}
