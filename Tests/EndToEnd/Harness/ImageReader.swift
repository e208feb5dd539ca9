import FoundationEssentials
import Glibc

/// A client that reads an image through a node's mirror as a runtime does: the manifest, then all blobs at once, each on a connection
/// of its own. Unlike a runtime it goes nowhere else when the mirror fails it, and tries nothing twice.
final class ImageReader: Sendable {
    private let image: Fixtures.Image
    private let child: Child
    private let folder: TemporaryFolder
    private let start = ContinuousClock.now

    fileprivate init(_ image: Fixtures.Image, registry: String, on node: Node) throws {
        self.image = image
        let folder = try TemporaryFolder()
        self.folder = folder
        let mirror = "http://127.0.0.1:5050/v2/\(image.repository)"
        let requests = image.blobs.map { blob in
            """
            url = "\(mirror)/blobs/\(blob.digest)?ns=\(registry)"
            output = "\(folder.path)/\(blob.digest)"
            fail

            """
        }
        try Data(requests.joined(separator: "next\n").utf8).write(to: URL(filePath: folder.path + "/requests"))
        let script = """
            curl --silent --show-error --fail --output "$0/manifest" --header 'Accept: application/vnd.oci.image.manifest.v1+json' "$1" \
            && exec curl --silent --show-error --parallel --parallel-immediate --fail-early --config "$0/requests"
            """
        child = try node.lan.start(
            ["sh", "-c", script, folder.path, "\(mirror)/manifests/\(image.digest)?ns=\(registry)"],
            on: node.machine, log: node.folder + "/reader.log")
    }

    /// Waits until all is read, checks every byte, and returns how long the reading took.
    @discardableResult
    func finish(within limit: Duration = .seconds(60)) async throws -> Duration {
        let exit = try await child.wait(within: limit)
        let took = ContinuousClock.now - start
        guard exit == .code(0) else { throw HarnessError("reading \(image.repository) ended with \(exit)") }
        let sums = image.blobs.map { "\($0.digest.dropFirst("sha256:".count))  \(folder.path)/\($0.digest)\n" }
        try Data(sums.joined().utf8).write(to: URL(filePath: folder.path + "/sums"))
        try await Command(["sha256sum", "--check", "--strict", "--quiet", folder.path + "/sums"]).run()
        return took
    }

    /// Goes away in the middle of all its blobs.
    func cutOff() async throws {
        guard child.isRunning else { throw HarnessError("the reader is past the middle") }
        try await child.destroy()
    }
}

extension Node {
    func startReading(_ image: Fixtures.Image, at registry: String = "registry.test") throws -> ImageReader {
        try ImageReader(image, registry: registry, on: self)
    }

    /// Reads an image whole.
    @discardableResult
    func read(
        _ image: Fixtures.Image, at registry: String = "registry.test", within limit: Duration = .seconds(60)
    ) async throws -> Duration {
        try await startReading(image, at: registry).finish(within: limit)
    }
}
