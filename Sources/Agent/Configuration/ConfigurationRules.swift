import OCI

/// What keys say about each other.
struct ConfigurationRules {
    private let configuration: Configuration

    init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    func check() throws(ConfigurationError) {
        try checkMirrorIsLocal()
        try checkTLSIsWhole()
        try checkPeerTLSIsWhole()
        try checkLimits()
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

    private func checkTLSIsWhole() throws(ConfigurationError) {
        let mirror = configuration.mirror
        if mirror.tlsCertificate != nil, mirror.tlsKey == nil {
            throw conflict("mirror.tls_cert", "mirror.tls_cert needs mirror.tls_key beside it")
        }
        if mirror.tlsKey != nil, mirror.tlsCertificate == nil {
            throw conflict("mirror.tls_key", "mirror.tls_key needs mirror.tls_cert beside it")
        }
    }

    private func checkPeerTLSIsWhole() throws(ConfigurationError) {
        let tls = configuration.peers.tls
        let files = [
            ("peers.tls.cert", tls.certificate), ("peers.tls.key", tls.key), ("peers.tls.ca", tls.authority),
        ]
        guard let set = files.first(where: { $0.1 != nil }) else { return }
        let missing = files.filter { $0.1 == nil }.map(\.0)
        guard !missing.isEmpty else { return }
        throw conflict(set.0, "\(set.0) needs \(missing.joined(separator: " and ")) beside it")
    }

    private func checkLimits() throws(ConfigurationError) {
        let limits = configuration.limits
        if limits.headers < limits.requestLine {
            throw conflict(
                configuration.isSet("limits.headers") ? "limits.headers" : "limits.request_line",
                "limits.headers is \"\(limits.headers)\", less than limits.request_line (\"\(limits.requestLine)\"), "
                    + "which it counts, too: raise limits.headers")
        }
        if let spool = limits.spool, spool < Configuration.Limits.leastSpool {
            throw conflict(
                "limits.spool",
                "limits.spool must be at least \"\(Configuration.Limits.leastSpool)\", or \"\" for no limit, not "
                    + "\"\(spool)\"")
        }
    }

    /// What is allowed and does nothing.
    var warnings: [String] {
        let mirror = configuration.mirror
        let isTLSSpoken = mirror.listen.contains(where: mirror.speaksTLS)
        var warnings: [String] = []
        if mirror.tlsCertificate != nil, !isTLSSpoken {
            warnings.append(
                "mirror.tls_cert does nothing: mirror.listen has loopback addresses only, and those speak plain HTTP; "
                    + "add another one, and mirror.allow_remote = true")
        }
        if configuration.push.htpasswd != nil, !isTLSSpoken {
            warnings.append(
                "push.htpasswd does nothing: passwords are taken over TLS only; set mirror.tls_cert and mirror.tls_key, and an "
                    + "address in mirror.listen that is not loopback")
        }
        return warnings
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
