import Foundation

/// A containerd on a host, with `hosts.toml` that puts the agent's mirror before the registry.
final class Containerd: Sendable {
    let host: Host
    private let process: Running
    private let address: String
    private let hostsDirectory: String

    init(on host: Host, registry: Registry) async throws {
        self.host = host
        let root = "\(host.directory)/containerd"
        address = "\(root)/containerd.sock"
        hostsDirectory = "\(host.directory)/certs.d"
        let configuration = try host.write(
            """
            version = 2
            root = "\(root)/root"
            state = "\(root)/state"
            disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]
            [grpc]
            address = "\(address)"
            [plugins."io.containerd.internal.v1.opt"]
            path = "\(root)/opt"
            """, to: "containerd.toml")
        _ = try host.write(
            """
            server = "\(registry.url)"

            [host."http://127.0.0.1:5050"]
              capabilities = ["pull", "resolve"]
            """, to: "certs.d/\(Registry.name)/hosts.toml")
        process = try host.start(["containerd", "--config", configuration], log: "containerd")
        let started = process
        let address = address
        try await eventually("containerd on \(host.name) answers") {
            guard started.isRunning else { throw CommandFailed(description: "containerd has ended") }
            return try await host.run("ctr", "--address", address, "version").isSuccess
        }
    }

    private func pullArguments(_ reference: String, _ options: [String]) -> [String] {
        ["ctr", "--address", address, "images", "pull", "--hosts-dir", hostsDirectory, "--snapshotter", "native"] + options
            + [reference]
    }

    /// Pulls an image; `reference` is what stands behind `registry.demo/`.
    @discardableResult
    func pull(_ reference: String, _ options: String...) async throws -> Output {
        try await Command.run(
            host.command(pullArguments("\(Registry.name)/\(reference)", options)), within: .seconds(240))
    }

    /// Begins a pull that goes on while the test does something to it.
    func beginPull(_ reference: String) throws -> Running {
        try Running(host.command(pullArguments("\(Registry.name)/\(reference)", [])))
    }

    /// Runs the image's own command.
    func runContainer(_ reference: String) async throws -> Output {
        try await host.run(
            "ctr", "--address", address, "run", "--rm", "--snapshotter", "native", "\(Registry.name)/\(reference)", "test")
    }

    /// Whether containerd has all of an image's blobs, each hashing to its digest.
    func hasVerified(_ image: String) async throws -> Bool {
        for blob in try await Images.manifest(image).blobs {
            let hex = String(blob.digest.dropFirst("sha256:".count))
            let file = "\(host.directory)/containerd/root/io.containerd.content.v1.content/blobs/sha256/\(hex)"
            let sum = try await Command.run(["sha256sum", file])
            guard sum.isSuccess, sum.out.hasPrefix(hex) else { return false }
        }
        return true
    }
}
