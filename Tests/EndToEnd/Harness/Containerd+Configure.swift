import Testing

extension Containerd {
    /// `shoal configure containerd`, and the restart that it asks for.
    func configure(_ options: [String]) async throws {
        let said = try await Command(
            node.machine.command(
                [Environment.binary, "configure", "containerd", "--config", node.folder + "/config.toml"]
                    + ["--certs-dir", folder + "/certs.d", "--runtime-config", folder + "/config.toml"] + options)
        ).run()
        #expect(said.contains("Restart containerd") == said.contains("config.toml: "), "\(said)")
        guard said.contains("Restart containerd") else { return }
        try await kill()
        try await start()
    }
}
