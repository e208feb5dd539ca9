import FoundationEssentials
import Glibc
import Subprocess
import SystemPackage
import Testing

/// Debian's containerd with folders and a socket of its own, for one test.
struct RealContainerd: Sendable {
    let folder: FilePath
    var socket: FilePath { folder.appending("sock") }
    var root: FilePath { folder.appending("root/io.containerd.content.v1.content") }

    /// Why there can be none here; nil where there can.
    static let lack: String? =
        if geteuid() != 0 {
            "needs root"
        } else if ["/usr/bin/containerd", "/usr/bin/ctr"].contains(where: { access($0, X_OK) != 0 }) {
            "needs containerd: apt-get install containerd"
        } else {
            nil
        }

    /// Runs `body` beside a containerd whose folders are gone afterwards.
    static func with(_ body: @Sendable (RealContainerd) async throws -> Void) async throws {
        var template = Array("/tmp/shoal-containerd-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress) != nil }
        try #require(made, "a temporary folder can be made")
        let folder = FilePath(String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
        defer { try? FileManager.default.removeItem(atPath: folder.string) }
        let containerd = RealContainerd(folder: folder)
        try Data(containerd.configuration.utf8).write(to: URL(filePath: folder.appending("config.toml").string))
        try await containerd.running { try await body(containerd) }
    }

    /// Runs `body` while the daemon runs, which is killed afterwards. May be called again.
    func running(_ body: @Sendable () async throws -> Void) async throws {
        let result = try await run(
            .path("/usr/bin/containerd"), arguments: ["--config", folder.appending("config.toml").string],
            input: .none, output: .discarded, error: .discarded
        ) { execution in
            do {
                try await answers()
                try await body()
            } catch {
                try? execution.send(signal: .kill)
                throw error
            }
            try execution.send(signal: .kill)
        }
        _ = result
    }

    private func answers() async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while try await !ctr("version").terminationStatus.isSuccess {
            try #require(ContinuousClock.now < deadline, "containerd answers within 30 s")
        }
    }

    @discardableResult
    func ctr(_ arguments: String...) async throws -> CollectedResult<StringOutput<UTF8>, DiscardedOutput> {
        try await run(
            .path("/usr/bin/ctr"), arguments: Arguments(["--address", socket.string] + arguments),
            output: .string(limit: 1 << 20), error: .discarded)
    }

    /// Takes bytes in as a blob of a namespace.
    func ingest(_ bytes: [UInt8], _ digest: String, labels: [String] = [], in namespace: String = "default")
        async throws
    {
        let file = folder.appending("blob")
        try Data(bytes).write(to: URL(filePath: file.string))
        let descriptor = try FileDescriptor.open(file, .readOnly)
        let result = try await run(
            .path("/usr/bin/ctr"),
            arguments: Arguments([
                "--address", socket.string, "-n", namespace, "content", "ingest", "--expected-digest", digest,
                "--expected-size", "\(bytes.count)", digest,
            ]), input: .fileDescriptor(descriptor, closeAfterSpawningProcess: true), output: .discarded,
            error: .discarded)
        try #require(result.terminationStatus.isSuccess, "ctr takes the blob in")
        for label in labels {
            try #require(try await ctr("-n", namespace, "content", "label", digest, label).terminationStatus.isSuccess)
        }
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

        """
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips the test with its reason where there is no containerd; under CI it runs and fails.
    static var needsContainerd: Self {
        .enabled(Comment(rawValue: RealContainerd.lack ?? "")) {
            RealContainerd.lack == nil || ProcessInfo.processInfo.environment["CI"] == "true"
        }
    }
}
