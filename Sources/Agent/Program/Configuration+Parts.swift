import Content
import Discovery
import Gateway
import OCI
import Registry
import SystemPackage
import TLS
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

extension TLSFiles {
    /// Nil where the mirror is to speak no TLS.
    init?(_ mirror: Configuration.Mirror) {
        guard let certificate = mirror.tlsCertificate, let key = mirror.tlsKey else { return nil }
        self.init(
            certificate: .init(certificate, key: "mirror.tls_cert"), privateKey: .init(key, key: "mirror.tls_key"))
    }
}

extension TLSFiles {
    /// Nil where peers are to speak plain HTTP.
    init?(_ tls: Configuration.PeerTLS) {
        guard let certificate = tls.certificate, let key = tls.key, let authority = tls.authority else { return nil }
        self.init(
            certificate: .init(certificate, key: "peers.tls.cert"), privateKey: .init(key, key: "peers.tls.key"),
            authority: .init(authority, key: "peers.tls.ca"))
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

extension RegistryLimits {
    init(_ configuration: Configuration) {
        self.init()
        repositories = configuration.push.repositories
        blobSize = configuration.push.blobSize?.bytes
        grace = .seconds(configuration.store.grace.seconds)
    }
}

extension BlobFetcher.Rules {
    init(_ configuration: Configuration, _ arriving: ArrivingContent) {
        self.init()
        releasesChecked = configuration.peers.release == .checked
        completesRanges = configuration.store.completeRanges
        downloads = configuration.limits.downloads
        mayBeShared = arriving.mayBeShared
    }
}

extension SharePolicy {
    init(_ share: Configuration.Share, hasKey: Bool, believe: TagBelief) {
        self.init(
            hasKey: hasKey, include: share.include, exclude: share.exclude, privateImages: share.privateImages,
            believesLAN: believe == .lan)
    }
}

extension TransferRates {
    init(_ limits: Configuration.Limits) {
        self.init()
        apply(ReloadableSettings.Rates(limits))
    }

    func apply(_ rates: ReloadableSettings.Rates) {
        upload.change(bytesPerSecond: rates.upload?.perSecond.bytes)
        download.change(bytesPerSecond: rates.download?.perSecond.bytes)
        upstream.change(bytesPerSecond: rates.upstream?.perSecond.bytes)
    }
}

/// What peers fetch here goes out at the rate that the operator set.
struct UploadPace: BodyPace {
    let limit: RateLimit

    var portion: Int64? { limit.portion }

    func take(_ count: Int) async throws { try await limit.take(count) }

    func charge(_ count: Int) { limit.charge(count) }
}

extension DiscoveryConfiguration {
    init(_ configuration: Configuration, access: AccessControl) {
        self.init(
            port: configuration.discovery.port.number, httpPort: configuration.peers.listen.first?.port ?? 5051,
            broadcasts: configuration.discovery.broadcast, mustBind: configuration.isSet("discovery.port"),
            allows: { access.allows($0) })
        admitsMembers = { access.admitsMembers }
        mdns = configuration.discovery.mdns
        datagrams = DatagramLimits(configuration.limits)
        staticPeers = configuration.peers.fixed.map(\.description)
        dnsPeers = configuration.peers.dns.map(\.description)
        advertisedAddresses = configuration.peers.advertise.map(\.description)
    }
}

extension ContainerdSettings {
    /// Nil where containerd's content is not to be shared.
    init?(_ containerd: Configuration.Containerd) {
        guard let address = containerd.address else { return nil }
        let socket: FilePath? =
            switch address {
            case .auto: nil
            case .socket(let path): path.path
            }
        let root: FilePath? =
            switch containerd.root {
            case .auto: nil
            case .folder(let path): path
            }
        self.init(address: socket, root: root, namespaces: containerd.namespaces.map(\.description))
    }
}
