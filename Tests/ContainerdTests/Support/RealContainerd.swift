import FoundationEssentials
import Glibc
import Integrity
import OCI
import Subprocess
import Synchronization
import SystemPackage
import Testing

/// Debian's containerd with folders and a socket of its own, for one test.
final class RealContainerd: Sendable {
    let folder: FilePath
    private let process = Mutex<pid_t?>(nil)

    var socket: FilePath { folder.appending("sock") }
    /// Where its content store is.
    var contentRoot: FilePath { folder.appending("root/io.containerd.content.v1.content") }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs `body` beside a containerd whose folders are gone afterwards.
    static func with(_ body: @Sendable (RealContainerd) async throws -> Void) async throws {
        let containerd = try RealContainerd()
        defer { try? FileManager.default.removeItem(atPath: containerd.folder.string) }
        try await containerd.running { try await body(containerd) }
    }

    private init() throws {
        var template = Array("/tmp/shoal-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw Errno(rawValue: errno) }
        folder = FilePath(platformString: made)
        try write(Array(configuration.utf8), to: "config.toml")
    }

    /// Runs `body` while the daemon runs, which is killed afterwards. May be called again.
    func running(_ body: @Sendable () async throws -> Void) async throws {
        _ = try await run(
            .name("containerd"), arguments: ["--config", folder.appending("config.toml").string], input: .none,
            output: .discarded, error: .discarded
        ) { execution in
            process.withLock { $0 = execution.processIdentifier.value }
            defer { kill() }
            try await waitUntilItAnswers()
            try await body()
        }
    }

    /// Ends the daemon as a crash would.
    func kill() {
        process.withLock { pid in
            if let pid { Glibc.kill(pid, SIGKILL) }
            pid = nil
        }
    }

    private func waitUntilItAnswers() async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while try await !call(["version"]).isSuccess {
            guard ContinuousClock.now < deadline else { throw Failure(description: "containerd does not answer") }
        }
    }

    // MARK: What it is told to do

    func ctr(_ arguments: String..., in namespace: String = "default") async throws {
        let status = try await call(["--namespace", namespace] + arguments)
        guard status.isSuccess else {
            throw Failure(description: "ctr \(arguments.joined(separator: " ")) ended with \(status)")
        }
    }

    private func call(_ arguments: [String], input: String = "/dev/null") async throws -> TerminationStatus {
        let file = try FileDescriptor.open(FilePath(input), .readOnly)
        return try await run(
            .name("ctr"), arguments: Arguments(["--address", socket.string] + arguments),
            input: .fileDescriptor(file, closeAfterSpawningProcess: true), output: .discarded, error: .discarded
        ).terminationStatus
    }

    /// Takes bytes in as a blob of a namespace.
    func ingest(_ bytes: [UInt8], labels: [String] = [], in namespace: String = "default") async throws {
        let digest = ContentHasher.digest(of: bytes).description
        let file = try write(bytes, to: "blob")
        let status = try await call(
            [
                "--namespace", namespace, "content", "ingest", "--expected-digest", digest, "--expected-size",
                "\(bytes.count)", digest,
            ], input: file.string)
        guard status.isSuccess else { throw Failure(description: "ctr content ingest ended with \(status)") }
        for label in labels { try await ctr("content", "label", digest, label, in: namespace) }
    }

    /// Imports an image from an archive.
    func importImage(_ image: TinyImage, as name: String) async throws {
        let index = """
            {"schemaVersion":2,"manifests":[{"mediaType":"\(MediaType.ociManifest)","digest":"\(image.digest)",\
            "size":\(image.manifest.count),"annotations":{"io.containerd.image.name":"\(name)"}}]}
            """
        let blobs = [image.manifest, image.config].map { ("blobs/sha256/" + ContentHasher.digest(of: $0).hex, $0) }
        let file = try write(
            Archive.tar(
                [("oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8)), ("index.json", Array(index.utf8))]
                    + blobs),
            to: "image.tar")
        try await ctr("images", "import", "--no-unpack", file.string)
    }

    @discardableResult
    private func write(_ bytes: [UInt8], to name: String) throws -> FilePath {
        let path = folder.appending(name)
        try Data(bytes).write(to: URL(filePath: path.string))
        return path
    }

    private var configuration: String {
        """
        version = 2
        root = "\(folder)/root"
        state = "\(folder)/state"
        disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.aufs",
          "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
          "io.containerd.snapshotter.v1.zfs"]
        [grpc]
          address = "\(socket)"
        [plugins."io.containerd.internal.v1.opt"]
          path = "\(folder)/opt"
        # Its first collection comes with the first deletion: at its start it would take what a test has not labelled yet.
        [plugins."io.containerd.gc.v1.scheduler"]
          startup_delay = "1h"

        """
    }
}

/// An image without layers.
struct TinyImage: Sendable {
    let config: [UInt8]
    let manifest: [UInt8]

    /// - Parameter author: makes it another image.
    init(_ author: String) {
        config = Array(#"{"architecture":"amd64","os":"linux","author":"\#(author)","rootfs":{"type":"layers"}}"#.utf8)
        let digest = ContentHasher.digest(of: config)
        manifest = Array(
            """
            {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest)","config":{"mediaType":"\(MediaType.ociConfig)",\
            "digest":"\(digest)","size":\(config.count)},"layers":[]}
            """.utf8)
    }

    var digest: Digest { ContentHasher.digest(of: manifest) }
    var configDigest: Digest { ContentHasher.digest(of: config) }
}
