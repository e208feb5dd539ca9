import FoundationEssentials

/// Podman, Buildah and Skopeo on a node, each with storage of its own and the node's agent as the mirror of `registry.test`.
final class ContainerTools: Sendable {
    private let node: Node
    private let configuration: String

    init(on node: Node) throws {
        self.node = node
        configuration = node.folder + "/registries.conf"
        let text = """
            [[registry]]
            prefix = "registry.test"
            location = "registry.test"
            insecure = true

            [[registry.mirror]]
            location = "127.0.0.1:5050/registry.test"
            insecure = true

            """
        try Data(text.utf8).write(to: URL(filePath: configuration))
        let policy = #"{"default": [{"type": "insecureAcceptAnything"}]}"#
        try Data(policy.utf8).write(to: URL(filePath: node.folder + "/policy.json"))
    }

    /// Pulls into storage that does not have the image yet: `place` names it.
    func pull(_ image: Fixtures.Image, with client: String, into place: String) async throws {
        let storage = [
            "--root", "\(node.folder)/\(place)", "--runroot", "\(node.folder)/\(place)-run", "--storage-driver", "vfs",
        ]
        let policy = ["--signature-policy", node.folder + "/policy.json"]
        let arguments =
            switch client {
            case "podman":
                ["podman"] + storage + ["--cgroup-manager=cgroupfs", "pull", "--quiet"] + policy + [image.tagged()]
            case "buildah":
                ["buildah"] + storage + ["pull", "--quiet"] + policy + [image.tagged()]
            case "skopeo":
                [
                    "skopeo", "--policy", node.folder + "/policy.json", "--registries-conf", configuration,
                    "copy", "--quiet", "docker://" + image.tagged(), "oci:\(node.folder)/\(place):1",
                ]
            default: throw HarnessError("no such client: \(client)")
            }
        let variables = ["CONTAINERS_REGISTRIES_CONF": configuration]
        try await Command(node.machine.command(arguments), environment: variables).run()
    }
}
