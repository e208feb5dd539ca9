import OCI
import SystemPackage

/// Where things are in an OCI image layout. Digests are parsed values, so no path leads out of it.
struct LayoutPaths: Sendable {
    let directory: FilePath

    /// The marker that makes the folder an image layout.
    var marker: FilePath { directory.appending("oci-layout") }
    var index: FilePath { directory.appending("index.json") }
    var blobs: FilePath { directory.appending("blobs") }
    /// Shoal's own, for what is being written; on the same filesystem as the blobs.
    var temporary: FilePath { directory.appending("tmp") }

    func blobs(_ algorithm: Digest.Algorithm) -> FilePath { blobs.appending(algorithm.rawValue) }

    func blob(_ digest: Digest) -> FilePath { blobs(digest.algorithm).appending(digest.hex) }

    /// Where a damaged file is moved, so that it can be looked at.
    func damaged(_ path: FilePath, _ number: Int) -> FilePath {
        path.removingLastComponent().appending("\(path.lastComponent?.string ?? "file").damaged-\(number)")
    }
}
