import FoundationEssentials
import Testing

/// Images in the local namespace, pushed and pulled on nodes by real clients.
extension Node {
    /// Puts a fixture under a local name, by skopeo: from the registry's storage by way of this node's mirror.
    func push(_ image: Fixtures.Image, as name: String, from registry: String = "registry.test") async throws {
        try await skopeo(
            "copy", "--quiet", "--all", "--src-tls-verify=false", "--dest-tls-verify=false",
            "docker://127.0.0.1:5050/\(registry)/\(image.repository):\(image.tag)", "docker://localhost:5050/\(name)")
    }

    /// Runs skopeo on this node, and hands back what it printed.
    @discardableResult
    func skopeo(_ arguments: String...) async throws -> String {
        try await Command(machine.command(["skopeo", "--insecure-policy"] + arguments), within: .seconds(180)).run()
    }

    /// Asks the local namespace of this node's mirror.
    func local(_ path: String, _ options: String...) async throws -> HTTPAnswer {
        try await get("http://localhost:5050/v2/\(path)", options)
    }

    /// What a local name means to this node; nil where it is not known.
    func digest(of name: String, _ reference: String) async throws -> String? {
        let answer = try await local("\(name)/manifests/\(reference)", "--head")
        return answer.status == 200 ? answer.headers["docker-content-digest"] : nil
    }

    /// Waits until a local name means that on this node.
    func means(_ digest: String?, by name: String, _ reference: String, within limit: Duration = .seconds(10))
        async throws
    {
        try await eventually("\(self.name) says that \(name):\(reference) is \(digest ?? "nothing")", within: limit) {
            try await self.digest(of: name, reference) == digest
        }
    }

    /// Pushes a small artifact without layers to speak of, different for each text.
    /// - Returns: its digest.
    @discardableResult
    func pushArtifact(_ text: String, as name: String, _ tag: String, subject: String? = nil) async throws -> String {
        let folder = try TemporaryFolder()
        let layer = try await pushBlob(text, to: name, folder)
        let config = try await pushBlob("{}", to: name, folder)
        var manifest = """
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",\
            "artifactType":"application/vnd.test.text",\
            "config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"\(config)","size":2},\
            "layers":[{"mediaType":"text/plain","digest":"\(layer)","size":\(text.utf8.count)}]
            """
        if let subject {
            manifest += """
                ,"subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"\(subject)","size":1}
                """
        }
        manifest += "}"
        try Data(manifest.utf8).write(to: URL(filePath: folder.path + "/manifest"))
        let answer = try await local(
            "\(name)/manifests/\(tag)", "--request", "PUT", "--header",
            "Content-Type: application/vnd.oci.image.manifest.v1+json", "--data-binary", "@\(folder.path)/manifest")
        guard answer.status == 201, let digest = answer.headers["docker-content-digest"] else {
            throw HarnessError("pushing \(name):\(tag) on \(self.name) was answered \(answer.status): \(answer.text)")
        }
        return digest
    }

    private func pushBlob(_ text: String, to name: String, _ folder: TemporaryFolder) async throws -> String {
        try Data(text.utf8).write(to: URL(filePath: folder.path + "/blob"))
        let sum = try await Command(["sha256sum", folder.path + "/blob"]).run()
        let digest = "sha256:" + (sum.split(separator: " ").first ?? "")
        let answer = try await local(
            "\(name)/blobs/uploads/?digest=\(digest)", "--request", "POST", "--header",
            "Content-Type: application/octet-stream", "--data-binary", "@\(folder.path)/blob")
        guard answer.status == 201 else {
            throw HarnessError("pushing a blob on \(self.name) was answered \(answer.status): \(answer.text)")
        }
        return digest
    }
}
