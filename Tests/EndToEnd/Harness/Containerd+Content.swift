import Glibc

/// containerd's content store, through the door and behind its back.
extension Containerd {
    /// Makes an image of its own and imports it.
    func importImage(
        _ reference: String, layers: Int = 2, layerBytes: Int = 1 << 20, namespace: String = "default"
    ) async throws -> ImageArchive.Image {
        let folder = try TemporaryFolder()
        let file = folder.path + "/image.tar"
        let image = try ImageArchive.write(reference, layers: layers, layerBytes: layerBytes, to: file)
        try await run("images", "import", "--no-unpack", file, namespace: namespace)
        return image
    }

    /// Removes an image; what nothing else needs is gone when this returns.
    func remove(_ reference: String) async throws {
        try await run("images", "rm", "--sync", reference)
    }

    /// The digests of its content, in one namespace.
    func content(namespace: String = "default") async throws -> Set<String> {
        let text = try await run("content", "ls", "--quiet", namespace: namespace)
        return Set(text.split(separator: "\n").map(String.init))
    }

    func file(of digest: String) -> String {
        let blobs = Self.root(in: node.folder) + "/io.containerd.content.v1.content/blobs/"
        return blobs + digest.split(separator: ":").joined(separator: "/")
    }

    /// Flips one bit of a blob as a failing disk does: the file's times tell nothing.
    func flipBit(in digest: String, at offset: Int) throws {
        try FileDamage.flipBit(in: file(of: digest), at: offset)
    }

    /// Cuts a blob short.
    func truncate(_ digest: String, to bytes: Int) throws {
        guard Glibc.truncate(file(of: digest), bytes) == 0 else {
            throw HarnessError("cannot truncate \(file(of: digest))")
        }
    }
}

extension Containerd {
    /// Sends an event without content to whoever listens.
    func publish(topic: String) async throws {
        try await Command(
            node.machine.command([
                "containerd", "--address", Self.address(in: node.folder),
                "publish", "--topic", topic, "--namespace", "default",
            ])
        ).run()
    }
}
