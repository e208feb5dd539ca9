import FoundationEssentials
import Glibc
import OCI
import Subprocess
import SystemPackage

@testable import Content

/// The machine's containerd with folders and a socket of its own.
final class RealContainerd: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        let folder = scratch.path
        try scratch.write(
            Array(
                """
                version = 2
                root = "\(folder)/root"
                state = "\(folder)/state"
                disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.aufs",
                  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
                  "io.containerd.snapshotter.v1.zfs"]
                [grpc]
                  address = "\(folder)/sock"
                [plugins."io.containerd.internal.v1.opt"]
                  path = "\(folder)/opt"

                """.utf8), to: folder.appending("config.toml"))
    }

    var settings: ContainerdSettings { ContainerdSettings(address: scratch.path.appending("sock")) }

    func path(of digest: Digest) -> FilePath {
        ContentFiles(folder: scratch.path.appending("root").appending(ContentFiles.plugin)).path(of: digest)
    }

    /// Runs `body` beside the daemon, which is killed then, as by a crash. May be called again.
    func running(_ body: @Sendable () async throws -> Void) async throws {
        _ = try await run(
            .name("containerd"), arguments: ["--config", scratch.path.appending("config.toml").string], input: .none,
            output: .discarded, error: .discarded
        ) { execution in
            defer { kill(execution.processIdentifier.value, SIGKILL) }
            while try await ctr("version") != .exited(0) { try Task.checkCancellation() }
            try await body()
        }
    }

    /// Imports an image as `ctr images import` does.
    func load(_ image: TestImage, as name: String) async throws {
        let layout = scratch.path.appending("archive")
        let blobs = layout.appending("blobs").appending("sha256")
        try FileManager.default.createDirectory(atPath: blobs.string, withIntermediateDirectories: true)
        for blob in image.layers + [image.config, image.manifest] {
            try scratch.write(blob, to: blobs.appending(digestOf(blob).hex))
        }
        try scratch.write(Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8), to: layout.appending("oci-layout"))
        let index = """
            {"schemaVersion":2,"manifests":[{"mediaType":"\(image.mediaType)","digest":"\(image.digest)",\
            "size":\(image.manifest.count),"annotations":{"io.containerd.image.name":"\(name)"}}]}
            """
        try scratch.write(Array(index.utf8), to: layout.appending("index.json"))
        let archive = scratch.path.appending("archive.tar").string
        let packed = try await run(
            .name("tar"), arguments: ["-C", layout.string, "-cf", archive, "."], input: .none, output: .discarded,
            error: .discarded)
        guard packed.terminationStatus == .exited(0) else { throw Failure(description: "tar failed") }
        try await told("images", "import", "--no-unpack", archive)
    }

    /// Runs `ctr`, which must succeed.
    func told(_ arguments: String...) async throws {
        let status = try await ctr(arguments)
        guard status == .exited(0) else {
            throw Failure(description: "ctr \(arguments.joined(separator: " ")) ended with \(status)")
        }
    }

    private func ctr(_ arguments: String...) async throws -> TerminationStatus { try await ctr(arguments) }

    private func ctr(_ arguments: [String]) async throws -> TerminationStatus {
        try await run(
            .name("ctr"), arguments: Arguments(["--address", scratch.path.appending("sock").string] + arguments),
            input: .none, output: .discarded, error: .discarded
        ).terminationStatus
    }
}
