import FoundationEssentials
import Testing

/// Podman, Buildah and Skopeo on a node, each with storage and a configuration of its own and the node's agent as the mirror of
/// `registry.test`.
final class ContainerTools: Sendable {
    private let node: Node
    /// What stands for /etc/containers.
    private let folder: String

    /// As a package installs them, and then `shoal configure podman`.
    convenience init(configuredOn node: Node) async throws {
        try self.init(on: node, registries: "")
        let said = try await run([
            Environment.binary, "configure", "podman", "--config", node.folder + "/config.toml", "--registry",
            "registry.test",
        ])
        #expect(said.contains("/etc/containers/registries.conf.d/shoal.conf: written"))
    }

    convenience init(on node: Node) throws {
        try self.init(
            on: node,
            registries: """
                [[registry]]
                prefix = "registry.test"
                location = "registry.test"
                insecure = true

                [[registry.mirror]]
                location = "127.0.0.1:5050/registry.test"
                insecure = true

                """)
    }

    private init(on node: Node, registries: String) throws {
        self.node = node
        folder = node.folder + "/containers"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(registries.utf8).write(to: URL(filePath: folder + "/registries.conf"))
        let policy = #"{"default": [{"type": "insecureAcceptAnything"}]}"#
        try Data(policy.utf8).write(to: URL(filePath: folder + "/policy.json"))
    }

    /// Runs a command on the node, with the folder mounted over /etc/containers.
    private func run(_ arguments: [String]) async throws -> String {
        let script = #"mount --bind "$0" /etc/containers && exec "$@""#
        return try await Command(
            node.machine.command(["unshare", "--mount", "sh", "-c", script, folder] + arguments)
        ).run()
    }

    /// Pulls into storage that does not have the image yet: `place` names it.
    func pull(_ image: Fixtures.Image, with client: String, into place: String) async throws {
        try await pull(image.tagged(), with: client, into: place)
    }

    private func storage(_ place: String) -> [String] {
        ["--root", "\(node.folder)/\(place)", "--runroot", "\(node.folder)/\(place)-run", "--storage-driver", "vfs"]
    }

    /// Runs Podman or Buildah with the storage that `place` names, and hands back the last line that it printed.
    @discardableResult
    func run(_ client: String, in place: String, _ arguments: String...) async throws -> String {
        let engine = client == "podman" ? ["--cgroup-manager=cgroupfs"] : []
        let said = try await run([client] + storage(place) + engine + arguments)
        return said.split(separator: "\n").last.map(String.init) ?? ""
    }

    /// Pulls a reference.
    func pull(_ reference: String, with client: String, into place: String) async throws {
        let storage = storage(place)
        let policy = ["--signature-policy", folder + "/policy.json"]
        let arguments =
            switch client {
            case "podman":
                ["podman"] + storage + ["--cgroup-manager=cgroupfs", "pull", "--quiet"] + policy + [reference]
            case "buildah":
                ["buildah"] + storage + ["pull", "--quiet"] + policy + [reference]
            case "skopeo":
                [
                    "skopeo", "--policy", folder + "/policy.json", "copy", "--quiet", "docker://" + reference,
                    "oci:\(node.folder)/\(place):1",
                ]
            default: throw HarnessError("no such client: \(client)")
            }
        _ = try await run(arguments)
    }
}
