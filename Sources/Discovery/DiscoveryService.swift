public import Logging
import NIOCore
public import NIOPosix
public import ServiceLifecycle

/// Finds the peers of this node and keeps the directory in step with their inventories. Graceful shutdown says Bye.
public struct DiscoveryService: Service {
    private static let housekeeping = Duration.seconds(1)
    private static let reopening = Duration.seconds(1)
    private static let rebinding = Duration.seconds(30)

    /// For those who look for something right now.
    public let questions: Questions
    /// Who is fetching what right now.
    public let wants: Wants

    private let around: BeaconSurroundings
    private let key: ClusterKey?
    private let mdnsStatus: MDNSStatus
    private let inquiry: any PeerInquiry
    private let eventLoop: any EventLoop

    /// - Parameters:
    ///   - directory: made with `hasKey` as `key` says.
    ///   - key: nil without a cluster key.
    ///   - inquiry: asks peers over HTTP.
    ///   - group: one event loop of it carries the beacon.
    public init(
        configuration: DiscoveryConfiguration, identity: NodeIdentity, inventory: Inventory, directory: Directory,
        key: ClusterKey?, inquiry: any PeerInquiry, group: MultiThreadedEventLoopGroup, logger: Logger
    ) {
        self.inquiry = inquiry
        self.key = key
        mdnsStatus = MDNSStatus(configuration.mdns ? .starting : .off)
        eventLoop = group.next()
        questions = Questions(directory: directory)
        wants = Wants(directory: directory)
        around = BeaconSurroundings(
            configuration: configuration, identity: identity, codec: BeaconCodec(key: key), inventory: inventory,
            directory: directory, questions: questions, wants: wants, tally: DiscoveryTally(), alarm: directory.alarm,
            sequence: BeaconSequence(), logger: logger)
        let isOverLoopback = configuration.targets != nil
        directory.configure(
            allows: { [hasKey = key != nil] ip in
                configuration.allows(ip.description) || hasKey && configuration.admitsMembers()
            },
            isNeighbour: { ip in isOverLoopback || Neighbourhood.now().contains(ip) })
    }

    /// What was sent, heard and dropped since the start.
    public var counters: DiscoveryCounters { around.tally.snapshot }

    /// How this node stands with mDNS now.
    public var mdns: MDNSState { mdnsStatus.now }

    /// Until graceful shutdown or cancellation.
    /// - Throws: `.bindFailed`, where the configuration says so.
    public func run() async throws {
        let first = try await firstLink()
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await keepHouse() }
                group.addTask {
                    await InquiryRunner(
                        directory: around.directory, inquiry: inquiry, alarm: around.alarm,
                        onAnswer: { questions.lookAgain() }, eventLoop: eventLoop, logger: around.logger
                    ).run()
                }
                if needsSocket {
                    group.addTask { await keepLink(first) }
                }
                if namedPeers.isNeeded {
                    group.addTask { await namedPeers.run() }
                }
                if around.configuration.mdns {
                    group.addTask { await mdnsService.run() }
                }
            }
        }
    }

    // MARK: The beacon

    /// Without broadcast the beacon goes to the peers that were named, and to nobody where none are.
    private var needsSocket: Bool { around.configuration.broadcasts || namedPeers.isNeeded }

    private func firstLink() async throws -> BeaconLink? {
        guard needsSocket else { return nil }
        do {
            return try await BeaconLink.open(around, on: eventLoop)
        } catch {
            guard !around.configuration.mustBind else { throw error }
            around.logger.warning("no beacon: nobody is found until this is mended", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// Looks at the interfaces every second: they come and go.
    private func lookAround(_ link: BeaconLink) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.housekeeping)
            link.turn()
        }
    }

    /// Keeps a link open, the first one or another, until it is cancelled.
    private func keepLink(_ first: BeaconLink?) async {
        var next = first
        while !Task.isCancelled {
            if next == nil {
                try? await Task.sleep(for: first == nil ? Self.rebinding : Self.reopening)
                guard !Task.isCancelled else { break }
                next = try? await BeaconLink.open(around, on: eventLoop)
            }
            guard let link = next else { continue }
            next = nil
            await use(link)
            if !Task.isCancelled { around.logger.warning("the beacon's socket was closed; it is opened again") }
        }
        next?.leave()
    }

    private func use(_ link: BeaconLink) async {
        questions.connect(link)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await withTaskCancellationHandler {
                    link.begin()
                    wants.connect(link)
                    await link.closed()
                } onCancel: {
                    link.leave()
                }
            }
            group.addTask {
                for await _ in around.inventory.changes() { link.inventoryChanged() }
            }
            group.addTask { await lookAround(link) }
            await group.next()
            questions.connect(nil)
            wants.connect(nil)
            group.cancelAll()
        }
    }

    private var namedPeers: NamedPeers {
        NamedPeers(
            fixed: around.configuration.staticPeers, names: around.configuration.dnsPeers,
            port: around.configuration.httpPort, directory: around.directory, logger: around.logger)
    }

    // MARK: mDNS

    private var mdnsService: MDNSService {
        MDNSService(
            MDNSService.Surroundings(
                configuration: around.configuration, identity: around.identity, key: key, inventory: around.inventory,
                directory: around.directory, tally: around.tally, alarm: around.alarm, status: mdnsStatus,
                logger: around.logger),
            eventLoop: eventLoop)
    }

    // MARK: Housekeeping

    private func keepHouse() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.housekeeping)
            InterfaceCache.shared.refresh()
            around.directory.lookAtNeighbourhood()
            for event in around.directory.tick(now: .now) { log(event) }
            wants.forgetTheSilent()
            around.alarm.ring()
        }
    }

    private func log(_ event: PeerEvent) {
        switch event {
        case .appeared(let id, let name, let address):
            around.logger.info("peer found", metadata: ["peer": "\(id)", "name": "\(name)", "address": "\(address)"])
        case .restarted(let id, let name, let epoch):
            around.logger.info("peer restarted", metadata: ["peer": "\(id)", "name": "\(name)", "epoch": "\(epoch)"])
        case .left(let id, let name):
            around.logger.info("peer left", metadata: ["peer": "\(id)", "name": "\(name)"])
        case .forgotten(let id, let name):
            around.logger.info("peer forgotten", metadata: ["peer": "\(id)", "name": "\(name)"])
        }
    }
}
