public import Logging
import NIOCore
public import NIOPosix
import OCI
public import ServiceLifecycle
import Synchronization

/// Finds peers and learns what they have: the beacon over UDP, and the HTTP questions that mend what datagrams lost.
///
/// A service. A graceful shutdown says goodbye to everybody, and returns.
public final class DiscoveryService: Service {
    /// How often a Bye is said, as datagrams get lost.
    private static let byes = 3
    /// Questions are padded to this, so that answers, which are never longer, have room.
    private static let questionSize = 700

    let configuration: DiscoveryConfiguration
    let identity: NodeIdentity
    let inventory: Inventory
    let directory: Directory
    let inquiry: any PeerInquiry
    let logger: Logger
    let post = BeaconPost()
    let codec: BeaconCodec
    /// What the beacon has done so far.
    public let counters = DiscoveryCounters()
    /// Asks the LAN.
    public let questions: Questions

    private let group: MultiThreadedEventLoopGroup
    private let schedule: Mutex<HelloSchedule>
    private let scheduled = Bell()
    private let announced = Mutex<UInt64>(0)
    private let sequence = Atomic<UInt64>(0)

    public init(
        configuration: DiscoveryConfiguration, identity: NodeIdentity, inventory: Inventory, directory: Directory,
        key: ClusterKey?, inquiry: any PeerInquiry, group: MultiThreadedEventLoopGroup, logger: Logger
    ) {
        self.configuration = configuration
        self.identity = identity
        self.inventory = inventory
        self.directory = directory
        self.inquiry = inquiry
        self.group = group
        self.logger = logger
        codec = BeaconCodec(key: key)
        schedule = Mutex(HelloSchedule(start: .now))
        let post = post
        questions = Questions(directory: directory) { question in
            post.send(.init(payload: .whoHas(question), destination: .everybody, paddedTo: Self.questionSize))
        }
    }

    public func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { await self.ask() }
            group.addTask { await self.keepHouse() }
            if configuration.isBroadcasting {
                let channel = try await bind()
                group.addTask { try await self.exchange(over: channel) }
            }
            try? await gracefulShutdown()
            if configuration.isBroadcasting { await sayGoodbye() }
            group.cancelAll()
        }
    }

    // MARK: The socket

    private typealias Datagrams = NIOAsyncChannel<AddressedEnvelope<ByteBuffer>, AddressedEnvelope<ByteBuffer>>

    private func bind() async throws(DiscoveryError) -> Datagrams {
        do {
            return try await DatagramBootstrap(group: group)
                .channelOption(.socketOption(.so_reuseaddr), value: 1)
                .channelOption(.socketOption(.so_broadcast), value: 1)
                // One byte more than a datagram may have tells one that is too long.
                .channelOption(
                    .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: BeaconLimits.datagram + 1)
                )
                .bind(host: "0.0.0.0", port: configuration.port) { channel in
                    channel.eventLoop.makeCompletedFuture { try Datagrams(wrappingChannelSynchronously: channel) }
                }
        } catch {
            throw DiscoveryError(
                .bindFailed,
                "UDP port \(configuration.port) cannot be bound (\(error)); end what uses it, or set discovery.port on all nodes",
                cause: error)
        }
    }

    private func exchange(over channel: Datagrams) async throws {
        try await channel.executeThenClose { inbound, outbound in
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await self.sayHello() }
                group.addTask {
                    for await _ in self.inventory.changes() {
                        self.schedule.withLock { $0.inventoryChanged(at: .now) }
                        self.scheduled.ring()
                    }
                }
                group.addTask {
                    for await letter in self.post.letters {
                        for envelope in self.envelopes(letter) {
                            // A neighbour that cannot be reached is no reason to stop.
                            try? await outbound.write(envelope)
                            self.counters.sent()
                        }
                    }
                }
                var gates = Gates()
                do {
                    for try await envelope in inbound { hear(envelope, &gates, &group) }
                } catch {
                    logger.debug("the beacon's socket was closed", metadata: ["reason": "\(error)"])
                }
                group.cancelAll()
            }
        }
    }

    // MARK: Speaking

    private func sayHello() async {
        while !Task.isCancelled {
            let due = schedule.withLock { $0.due }
            guard due <= .now else {
                await scheduled.wait(until: due)
                continue
            }
            post.send(.init(payload: .hello(hello()), destination: .everybody))
            schedule.withLock { $0.sent(at: .now, random: .random(in: 0..<1)) }
        }
    }

    /// With as many of the changes since the last Hello as fit.
    private func hello() -> Beacon.Hello {
        let since = announced.withLock { $0 }
        var hello = Beacon.Hello(
            httpPort: UInt16(clamping: configuration.httpPort), name: identity.name,
            interval: schedule.withLock { $0.timing.interval }, version: 0, count: 0, changes: nil)
        for limit in [BeaconLimits.changes, BeaconLimits.changes / 2, BeaconLimits.changes / 4, 0] {
            let announcement = inventory.announcement(since: since, limit: limit)
            hello.version = announcement.version
            hello.count = UInt64(announcement.count)
            hello.changes = announcement.changes
            if hello.changes == nil || codec.encode(beacon(.hello(hello))) != nil { break }
        }
        announced.withLock { $0 = hello.version }
        return hello
    }

    private func beacon(_ payload: Beacon.Payload) -> Beacon {
        Beacon(
            node: identity.id, epoch: identity.epoch,
            sequence: sequence.wrappingAdd(1, ordering: .relaxed).newValue, payload: payload)
    }

    private func envelopes(_ letter: BeaconPost.Letter) -> [AddressedEnvelope<ByteBuffer>] {
        guard let bytes = codec.encode(beacon(letter.payload), paddedTo: letter.paddedTo, limit: letter.limit) else {
            return []
        }
        let addresses: [SocketAddress?]
        switch letter.destination {
        case .one(let ip, let port): addresses = [try? SocketAddress(ipAddress: ip.description, port: port)]
        case .everybody: addresses = everybody()
        }
        let data = ByteBuffer(bytes: bytes)
        return addresses.compactMap(\.self).map { AddressedEnvelope(remoteAddress: $0, data: data) }
    }

    private func everybody() -> [SocketAddress?] {
        if let targets = configuration.targets {
            return targets.map { try? SocketAddress(ipAddress: $0.host, port: $0.port) }
        }
        let broadcasts = Set(InterfaceCache.shared.interfaces().compactMap(\.broadcastTarget))
        return broadcasts.map { try? SocketAddress(ipAddress: $0.description, port: configuration.port) }
    }

    private func sayGoodbye() async {
        for _ in 0..<Self.byes {
            post.send(.init(payload: .bye, destination: .everybody))
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    // MARK: Hearing

    private struct Gates: Sendable {
        var flood = FloodGate()
    }

    private let answers = Mutex(AnswerGate())

    private func hear(
        _ envelope: AddressedEnvelope<ByteBuffer>, _ gates: inout Gates,
        _ group: inout ThrowingDiscardingTaskGroup<any Error>
    ) {
        counters.received()
        do throws(BeaconDrop) {
            guard let text = envelope.remoteAddress.ipAddress, let source = IPAddress(text),
                let port = envelope.remoteAddress.port
            else { throw .notAllowed }
            guard gates.flood.admit(source, isPeer: directory.isPeerAddress(source), now: .now) else { throw .flood }
            guard configuration.allows(text) else { throw .notAllowed }
            let beacon = try codec.decode(Array(envelope.data.readableBytesView))
            if case .have(let answer) = beacon.payload, beacon.node != identity.id {
                guard questions.isPending(answer.question) else { throw .unsolicited }
            }
            let hearing = try directory.hear(beacon, from: source)
            if hearing.isStranger {
                schedule.withLock { $0.strangerHeard(at: .now, random: .random(in: 0..<1)) }
                scheduled.ring()
            }
            if case .have(let answer) = beacon.payload { questions.answered(answer.question) }
            guard let question = hearing.question else { return }
            guard answers.withLock({ $0.admit(source, now: .now) }) else { throw .questionLimit }
            let limit = envelope.data.readableBytes
            group.addTask {
                // Many may have what one asks for: they do not answer in one voice.
                try? await Task.sleep(for: .milliseconds(.random(in: 0...20)))
                self.answer(question, to: .one(source, port: port), limit: limit)
                self.answers.withLock { $0.sent() }
            }
        } catch {
            counters.dropped(error)
        }
    }

    private func answer(_ question: Beacon.WhoHas, to asker: BeaconPost.Destination, limit: Int) {
        var answer = Beacon.Have(
            question: question.question, httpPort: UInt16(clamping: configuration.httpPort), blobs: [], references: [])
        for digest in question.digests {
            if let size = inventory.size(of: digest) { answer.blobs.append(InventoryEntry(digest: digest, size: size)) }
        }
        answer.references = question.references.compactMap { inventory.reference($0) }
        guard !answer.blobs.isEmpty || !answer.references.isEmpty else { return }
        post.send(.init(payload: .have(answer), destination: asker, limit: limit))
    }

    // MARK: Asking over HTTP

    private func ask() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let (start, next) = directory.startInquiries()
                for inquiry in start {
                    group.addTask { await self.carryOut(inquiry) }
                }
                await directory.news.wait(until: next)
            }
        }
    }

    private func carryOut(_ question: Inquiry) async {
        switch question {
        case .node(let id, let address):
            var document: NodeDocument?
            do {
                document = try await inquiry.node(at: address)
            } catch {
                logger.debug("a node did not introduce itself", metadata: ["at": "\(address)", "reason": "\(error)"])
            }
            directory.finishNode(id, at: address, document: document)
        case .inventory(let id, let address, let epoch, let since):
            var reading: InventoryReading?
            do {
                reading = try await read(id, at: address, epoch: epoch, since: since)
            } catch {
                logger.debug("a peer's inventory was not read", metadata: ["at": "\(address)", "reason": "\(error)"])
            }
            directory.finishInventory(id, at: address, epoch: epoch, reading: reading)
        }
    }

    private func read(_ id: NodeID, at address: PeerAddress, epoch: UInt64, since: UInt64) async throws
        -> InventoryReading
    {
        let first = try await inquiry.inventory(at: address, of: id, epoch: epoch, since: since, next: nil)
        var reading = try InventoryReading(first, limits: directory.limits)
        while let next = reading.next {
            try reading.append(try await inquiry.inventory(at: address, of: id, epoch: epoch, since: since, next: next))
        }
        return reading
    }

    // MARK: Time passes

    private func keepHouse() async {
        while !Task.isCancelled {
            for event in directory.tick() { log(event) }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    private func log(_ event: PeerEvent) {
        switch event {
        case .appeared(let id, let name, let address):
            logger.info("peer found", metadata: ["peer": "\(name)", "id": "\(id)", "at": "\(address)"])
        case .restarted(let id, let name, let epoch):
            logger.info("peer restarted", metadata: ["peer": "\(name)", "id": "\(id)", "epoch": "\(epoch)"])
        case .left(let id, let name):
            logger.info("peer left", metadata: ["peer": "\(name)", "id": "\(id)"])
        case .forgotten(let id, let name):
            logger.info(
                "peer forgotten: nothing was heard of it for long", metadata: ["peer": "\(name)", "id": "\(id)"])
        }
    }
}

/// HTTP questions that discovery asks of other nodes.
public protocol PeerInquiry: Sendable {
    /// Who is at an address; with a cluster key, proved by it.
    func node(at address: PeerAddress) async throws -> NodeDocument
    /// A page of a peer's inventory.
    func inventory(
        at address: PeerAddress, of peer: NodeID, epoch: UInt64?, since: UInt64?, next: String?
    ) async throws -> InventoryPage
}
