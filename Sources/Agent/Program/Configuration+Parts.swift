import Discovery
import OCI
import Transfer

// What the operator wrote, in the words of the modules that it is for.

extension UpstreamConfiguration {
    init(_ configuration: Configuration) {
        self.init(
            registries: configuration.upstream.mapValues { table in
                Registry(
                    url: table.url?.description, plainHTTP: table.plainHTTP, caFile: table.caFile,
                    username: table.username.isEmpty ? nil : table.username, passwordFile: table.passwordFile)
            },
            dockerConfig: configuration.dockerConfig, userAgent: "shoal/\(AgentVersion.current)")
    }
}

extension Transfer.TagPolicy {
    init(_ policy: TagPolicy) {
        switch policy {
        case .upstreamFirst: self = .upstreamFirst
        case .peersFirst: self = .peersFirst
        }
    }
}

extension SharePolicy {
    init(_ share: Configuration.Share, hasKey: Bool) {
        self.init(
            hasKey: hasKey, include: share.include, exclude: share.exclude, privateImages: share.privateImages)
    }
}

extension DiscoveryConfiguration {
    init(_ configuration: Configuration, access: AccessControl) {
        self.init(
            port: configuration.discovery.port.number, httpPort: configuration.peers.listen.first?.port ?? 5051,
            broadcasts: configuration.discovery.broadcast, mustBind: configuration.isSet("discovery.port"),
            allows: { access.allows($0) })
    }
}
