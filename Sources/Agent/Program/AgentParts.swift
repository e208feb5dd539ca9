import Content
import Discovery
import Gateway
import Logging
import NIOCore
import NIOPosix
import OCI
import Registry
import SystemPackage
import TLS
import Transfer

#if canImport(Glibc)
    import Glibc
#endif

/// Everything that the agent is made of, wired together.
final class AgentParts: Sendable {
    let configuration: Configuration
    let logger: Logger
    let identity: NodeIdentity
    let key: ClusterKey?
    let stores: StoreParts
    let upstream: UpstreamClient
    let peers: PeerClient
    let inventory: Inventory
    let directory: Directory
    let discovery: DiscoveryService
    let fetcher: BlobFetcher
    let spool: Spool
    let rates: TransferRates
    let resolver: ManifestResolver
    let gate: PrivateGate
    let registry: LocalRegistry
    let archives: ImageArchives
    private let neighbours: DirectoryNeighbours
    let sharing: Sharing
    let happenings = Happenings()
    let journal: Journal
    let pulls: PullLog
    let meters: Meters
    let puller: ImagePuller
    let status: AgentStatus
    let access: AccessControl
    /// Who the mirror is to other machines; nil where it speaks no TLS.
    private let tls: TLSIdentity?
    /// Who this node is to peers, and whom it trusts among them; nil where plain HTTP is spoken.
    private let peerTLS: TLSIdentity?
    private let troubles: TLSTroubles
    private let pushUsers: HtpasswdUsers?
    private let mirror: MirrorService
    private let peerService: PeerService
    /// What strangers may take of each listener.
    private let httpLimits: HTTPLimits
    private let dataLoops: MultiThreadedEventLoopGroup
    private let controlLoops: MultiThreadedEventLoopGroup

    init(configuration: Configuration, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        let files = OpenFiles.allow(configuration.limits.openFiles)
        if configuration.isSet("limits.open_files"),
            let warning = OpenFiles.warning(wanted: configuration.limits.openFiles, allowed: files)
        {
            logger.warning("\(warning)")
        }
        httpLimits = HTTPLimits(configuration.limits, files: files)
        dataLoops = MultiThreadedEventLoopGroup(numberOfThreads: max(2, System.coreCount))
        controlLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let data = configuration.dataDirectory
        // What the configuration names wrongly is told before the stores are opened: an agent that does not get to run must not
        // look like one that crashed.
        key = try configuration.peers.keyFile.map { try ClusterKey.load(path: $0) }
        let allowed = try AccessList(configuration.peers.allow.map(\.description))
        tls = try TLSFiles(configuration.mirror).map { try TLSIdentity($0, logger: logger) }
        peerTLS = try TLSFiles(configuration.peers.tls).map { try TLSIdentity($0, logger: logger) }
        troubles = TLSTroubles(logger: logger)
        pushUsers = try configuration.push.htpasswd.map { try HtpasswdUsers($0, logger: logger) }
        stores = try StoreParts(configuration, logger: logger)
        let content = stores.content
        spool = try Spool(
            directory: configuration.store.spool ?? data.appending("spool"), limit: configuration.limits.spool?.bytes)
        identity = try NodeIdentity.load(dataDirectory: data, name: Self.hostName)
        if let warning = identity.warning { logger.warning("\(warning)") }
        peerTLS?.belongs(to: identity.id)

        let counters = TransferCounters()
        let memory = RepositoryMemory()
        let publicImages = PublicImages(path: data.appending("public-images.json"), logger: logger)
        inventory = Inventory(epoch: identity.epoch)
        upstream = UpstreamClient(
            configuration: UpstreamConfiguration(configuration), group: dataLoops, logger: logger)
        peers = PeerClient(
            group: dataLoops, node: identity.id,
            signer: key.map { [identity] in PeerSigner(key: $0, identity: identity) }, tls: peerTLS,
            troubles: troubles)
        directory = Directory(
            own: identity.id, hasKey: key != nil, believesTags: key != nil || configuration.tags.believe == .lan,
            asksFirst: peerTLS != nil, limits: DirectoryLimits(configuration.limits))
        access = AccessControl(allowed, directory: directory)
        discovery = DiscoveryService(
            configuration: DiscoveryConfiguration(configuration, access: access), identity: identity,
            inventory: inventory, directory: directory, key: key, inquiry: peers, group: controlLoops, logger: logger)
        rates = TransferRates(configuration.limits)
        let policy = SharePolicy(
            configuration.share, hasKey: key != nil, believe: configuration.tags.believe)
        let arriving = ArrivingContent(policy: policy)
        journal = Journal(file: JournalFile(folder: data.appending("journal")), logger: logger) { [happenings] in
            happenings.tell(.pull($0))
        }
        let blamed = BlamedPeers { [happenings, directory] finding in
            happenings.tell(.blamed(finding, name: directory.peer(finding.peer)?.name))
        }
        fetcher = BlobFetcher(
            content: content, prover: stores.prover, spool: spool, chains: stores.chains, directory: directory,
            questions: discovery.questions, wants: discovery.wants, peers: peers, blamed: blamed, upstream: upstream,
            rules: BlobFetcher.Rules(configuration, arriving), counters: counters, rates: rates, logger: logger
        ) { [happenings] in happenings.tell(.transfer($0)) }
        gate = PrivateGate(
            isOn: configuration.share.privateImages == .verify,
            knowledge: NodeKnowledge(content: content, directory: directory, publicImages: publicImages),
            upstream: upstream, logger: logger)
        resolver = ManifestResolver(
            content: content, tags: stores.tags, directory: directory, questions: discovery.questions,
            wants: discovery.wants, peers: peers, blamed: blamed, upstream: upstream, memory: memory,
            counters: counters,
            policy: Transfer.TagPolicy(configuration.tags.policy), gate: gate, logger: logger)
        sharing = Sharing(
            content: content, inventory: inventory, publicImages: publicImages, upstream: upstream, tags: stores.tags,
            names: stores.names, policy: policy, arriving: arriving, logger: logger, whenMore: fetcher.rulesChanged)
        pulls = PullLog(
            logger: logger, name: { [directory] in directory.peer($0)?.name }, keep: { [journal] in journal.keep($0) })
        meters = Meters(counters: counters, file: DayFile(path: data.appending("today.json")), logger: logger)
        neighbours = DirectoryNeighbours(directory: directory, questions: discovery.questions)
        registry = LocalRegistry(
            content: content, names: stores.names,
            uploads: Uploads(
                folder: stores.uploads, limits: RegistryLimits(configuration), logger: logger,
                makeRoom: { [spool, content] bytes in spool.makeRoom(for: bytes) + content.layout.makeRoom(for: bytes) }
            ),
            neighbours: neighbours, resolver: resolver, fetcher: fetcher, chains: stores.chains, memory: memory,
            gate: gate, own: identity.id, limits: RegistryLimits(configuration), logger: logger
        ) { [happenings] in happenings.tell(.registry($0)) }
        archives = ImageArchives(
            images: ArchiveShelf(registry: registry, content: content, fetcher: fetcher, resolver: resolver),
            logger: logger)
        mirror = MirrorService(
            fetcher: fetcher, resolver: resolver, registry: registry, memory: memory, gate: gate, content: content,
            pulls: pulls, meters: meters)
        puller = ImagePuller(
            ImagePuller.Parts(
                content: content, fetcher: fetcher, resolver: resolver, directory: directory,
                containerd: ContainerdSettings(configuration.containerd), pulls: pulls))
        peerService = PeerService(
            identity: identity, key: key, port: configuration.peers.listen.first?.port ?? 5051, inventory: inventory,
            content: content, verification: stores.verification, arriving: fetcher,
            chains: stores.chains,
            slots: UploadSlots(limit: configuration.limits.uploads), counters: counters)
        status = AgentStatus(
            identity: identity, content: content, inventory: inventory, directory: directory,
            discovery: discovery, fetcher: fetcher, resolver: resolver, blamed: blamed, counters: counters,
            meters: meters, slots: peerService.slots, proofWork: { [stores] in stores.proofWork },
            dataDirectory: data,
            warnings: { [configuration, peerTLS, troubles] in
                configuration.warnings + [peerTLS?.warning].compactMap(\.self) + troubles.warnings
            },
            isContainerdNamed: configuration.containerd.isNamed)
    }

    /// All listeners, unbound. An address that was configured must be had; a default one need not be.
    /// - Parameter inherited: sockets that listen already, for addresses of the configuration; the others are bound here.
    func listeners(_ inherited: InheritedSockets) throws -> [HTTPListener] {
        var inherited = inherited
        var listeners = [
            listener(
                configuration.mirror.listen, "mirror.listen", &inherited, mirrorResponder(.runtimes),
                refusals: meters.mirrorRefusals, tls: { [tls] in $0.isLoopback ? nil : tls }),
            listener(
                configuration.peers.listen, "peers.listen", &inherited,
                PacedResponder(
                    PeerResponder(
                        backend: peerService,
                        gate: key.map { [identity] in
                            ClusterGate(authenticator: PeerAuthenticator(key: $0, identity: identity))
                        }, waits: WaitLimits(configuration.limits), troubles: troubles,
                        observe: { [meters] in meters.peerRoutes.count($0) }),
                    pace: UploadPace(limit: rates.upload)),
                refusals: meters.peerRefusals, tls: { [peerTLS] _ in peerTLS }, troubles: troubles
            ) { [access] address in address.ipAddress.map(access.admits) ?? false },
        ]
        if let docker = configuration.mirror.dockerListen {
            listeners.append(
                listener(
                    [docker], "mirror.docker_listen", &inherited, mirrorResponder(.docker),
                    refusals: meters.mirrorRefusals))
        }
        if let admin = configuration.admin.listen {
            listeners.append(
                listener(
                    [admin], "admin.listen", &inherited,
                    AdminResponder(source: status, access: AdminAccess(admin), shelf: shelf, story: story),
                    onControl: true))
        }
        for warning in inherited.closeRest() { logger.warning("\(warning)") }
        let socket = configuration.admin.socket.path
        try makeFolder(of: socket)
        listeners.append(
            HTTPListener(
                addresses: [ListenAddress(.unix(path: socket.string, mode: 0o660))],
                responder: AdminResponder(
                    source: status, access: .socket, verifier: stores.verification, puller: puller, shelf: shelf,
                    archives: archives, story: story),
                limits: httpLimits, group: controlLoops, logger: logger))
        return listeners
    }

    private var shelf: ImageShelf {
        ImageShelf(registry: registry, content: stores.content, directory: directory, neighbours: neighbours)
    }

    private var story: Storyteller {
        Storyteller(
            journal: journal, happenings: happenings, source: status,
            look: { [status] in status.blob($0, size: $1) },
            isUnreachable: { [upstream] in upstream.isKnownUnreachable($0) })
    }

    /// What must answer for the agent to be alive: every event loop, and the parts that a pull passes through.
    var liveness: Liveness {
        let loops =
            dataLoops.makeIterator().enumerated().map { ("event loop \($0.offset + 1) of transfers", $0.element) }
            + controlLoops.makeIterator().map { ("the event loop of control traffic", $0) }
        return Liveness(
            parts: loops.map { name, loop in
                .init(name: name) { try? await loop.submit {}.get() }
            } + [
                .init(name: "the store") { [stores] in _ = stores.content.layout.usage },
                .init(name: "downloads") { [fetcher] in _ = fetcher.transfers },
                .init(name: "the inventory") { [inventory] in _ = inventory.count },
                .init(name: "the directory of peers") { [directory] in _ = directory.peers() },
                .init(name: "readiness") { [status] in _ = await status.readiness() },
            ])
    }

    private func mirrorResponder(_ audience: MirrorAudience) -> MirrorResponder {
        MirrorResponder(
            backend: mirror, pushes: audience == .runtimes ? PushService(registry: registry) : nil, audience: audience,
            allowsRemote: configuration.mirror.allowRemote, users: pushUsers,
            isConfiguredUpstream: { [upstream] in upstream.isConfigured($0) },
            observe: { [meters] in meters.mirror.count($0) })
    }

    private func listener(
        _ endpoints: [ListenEndpoint], _ key: String, _ inherited: inout InheritedSockets,
        _ responder: any HTTPResponder, refusals: RefusalCounters = RefusalCounters(),
        tls: (ListenEndpoint) -> TLSIdentity? = { _ in nil },
        troubles: TLSTroubles? = nil, onControl: Bool = false,
        accept: @escaping @Sendable (SocketAddress) -> Bool = { _ in true }
    ) -> HTTPListener {
        let isOptional = !configuration.isSet(key)
        return HTTPListener(
            addresses: endpoints.map {
                ListenAddress(
                    .tcp(host: $0.address, port: $0.port), isOptional: isOptional && $0.address.contains(":"),
                    descriptor: inherited.claim($0), tls: tls($0))
            },
            responder: responder, limits: httpLimits, group: onControl ? controlLoops : dataLoops, accept: accept,
            logger: logger, refusals: refusals, troubles: troubles)
    }

    private func makeFolder(of socket: FilePath) throws {
        let folder = socket.removingLastComponent()
        guard !folder.isEmpty, folder.withPlatformString({ mkdir($0, 0o755) }) != 0, errno != EEXIST else { return }
        throw StartError(
            message:
                "admin.socket: the folder \(folder) cannot be made (\(Errno(rawValue: errno))); make it, or set admin.socket"
        )
    }

    func close(_ lastResort: LastResort) async {
        await lastResort.waiting(for: "push users") { await pushUsers?.close() }
        await lastResort.waiting(for: "connections to upstream") { await upstream.shutdown() }
        await lastResort.waiting(for: "connections to peers") { await peers.shutdown() }
        await lastResort.waiting(for: "stores") { await stores.close() }
        await lastResort.waiting(for: "event loops") {
            try? await dataLoops.shutdownGracefully()
            try? await controlLoops.shutdownGracefully()
        }
    }

    private static var hostName: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "unnamed" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// Why the agent cannot start.
struct StartError: Error, CustomStringConvertible {
    var message: String
    var description: String { message }
}
