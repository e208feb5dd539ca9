import OCI

/// What keys say about each other.
struct ConfigurationRules {
    private let configuration: Configuration

    init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    func check() throws(ConfigurationError) {
        try checkMirrorIsLocal()
        for (registry, table) in configuration.upstream.sorted(by: { $0.key < $1.key }) {
            try check(table, of: registry)
        }
    }

    private func checkMirrorIsLocal() throws(ConfigurationError) {
        guard !configuration.mirror.allowRemote else { return }
        let docker = configuration.mirror.dockerListen.map { [$0] } ?? []
        for (key, endpoints) in [("mirror.listen", configuration.mirror.listen), ("mirror.docker_listen", docker)] {
            guard let remote = endpoints.first(where: { !$0.isLoopback }) else { continue }
            throw conflict(
                key,
                "\(key) must be a loopback address, not \"\(remote)\": whoever reaches the mirror pulls with this "
                    + "node's credentials. If that is meant, set mirror.allow_remote = true")
        }
    }

    private func check(_ table: Configuration.Upstream, of registry: RegistryName) throws(ConfigurationError) {
        func name(_ key: String) -> String { TOMLText.dotted(["upstream", registry.description, key]) }
        if let url = table.url, url.isPlainHTTP, !url.isLoopback, !table.plainHTTP {
            throw conflict(
                name("url"),
                "\(name("url")) is \"\(url)\", which is not encrypted: use https://, or allow it with "
                    + "plain_http = true")
        }
        if !table.username.isEmpty, table.passwordFile == nil {
            throw conflict(name("username"), "\(name("username")) needs password_file beside it")
        }
        if table.passwordFile != nil, table.username.isEmpty {
            throw conflict(name("password_file"), "\(name("password_file")) needs username beside it")
        }
    }

    private func conflict(_ key: String, _ message: String) -> ConfigurationError {
        ConfigurationError(
            code: .conflict, place: configuration.places[key]?.description ?? "configuration", message: message)
    }
}
