import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Announces this node by mDNS and tells the directory of the others, as long as there is a daemon to do it. Without one it waits, and
/// tries again now and then.
struct MDNSService: Service {
    /// Opens a session whose events go to the sink. Blocks.
    typealias Opening =
        @Sendable (_ sink: @escaping @Sendable (MDNSEvent) -> Void) throws(AvahiError) -> any MDNSSession

    /// What the service works with and does not own.
    struct Surroundings: Sendable {
        var configuration: DiscoveryConfiguration
        var identity: NodeIdentity
        var key: ClusterKey?
        var inventory: Inventory
        var directory: Directory
        var tally: DiscoveryTally
        /// Rung when the directory may want something asked.
        var alarm: Alarm
        var status: MDNSStatus
        var logger: Logger
    }

    private enum Input: Sendable {
        case event(MDNSEvent)
        case look
    }

    /// Events that wait. More than a daemon tells while one command is under way; should they not fit, the session begins anew, for
    /// what was missed is not known.
    private static let backlog = 8192
    /// Between two tries to reach D-Bus, or after the daemon has gone.
    private static let retry = Backoff(first: .milliseconds(500), longest: .seconds(15))

    let around: Surroundings
    let eventLoop: any EventLoop
    /// The kernel's numbers of the interfaces to be announced on.
    let interfaces: @Sendable () -> Set<Int32>
    let open: Opening

    /// - Parameters:
    ///   - interfaces: of this machine, in production.
    ///   - open: Avahi's session, in production.
    init(
        _ around: Surroundings, eventLoop: any EventLoop, interfaces: (@Sendable () -> Set<Int32>)? = nil,
        open: @escaping Opening = { (sink) throws(AvahiError) in try AvahiSession.open(sink) }
    ) {
        self.around = around
        self.eventLoop = eventLoop
        let advertised = around.configuration.advertise
        self.interfaces = interfaces ?? { LANInterfaces.now().numbers(bearing: advertised) }
        self.open = open
    }

    /// Until graceful shutdown or cancellation; by then the service is withdrawn.
    func run() async {
        // The library answers when the daemon does; no thread that others need may wait for it.
        let thread = NIOThreadPool(numberOfThreads: 1)
        thread.start()
        await cancelWhenGracefulShutdown { await keepSession(on: thread) }
        try? await thread.shutdownGracefully()
    }

    // MARK: Sessions

    private func keepSession(on thread: NIOThreadPool) async {
        var conversation = MDNSConversation(
            name: MDNSPublication.name(of: around.identity),
            rules: MDNSView.Rules(
                own: around.identity.id, clusters: around.key?.all.map(\.clusterID) ?? [],
                allows: around.configuration.allows),
            alternative: AvahiNames.alternative, hasNeighbours: { LANInterfaces.now().mayHaveNeighbours($0) })
        var failures = 0
        while !Task.isCancelled {
            conversation.begin()
            let reason = await converse(&conversation, on: thread)
            guard !Task.isCancelled else { break }
            failures = conversation.hasMetDaemon ? 1 : failures + 1
            conversation.end(because: reason)
            show(conversation.state)
            try? await Task.sleep(for: Self.retry.delay(after: failures))
        }
        _ = around.status.become(.off)
    }

    /// One session, from opening to its end. Returns why it ended.
    private func converse(_ conversation: inout MDNSConversation, on thread: NIOThreadPool) async -> String {
        let (inputs, feed) = AsyncStream.makeStream(of: Input.self, bufferingPolicy: .bufferingOldest(Self.backlog))
        let sink: @Sendable (MDNSEvent) -> Void = { event in
            if case .dropped = feed.yield(.event(event)) { feed.finish() }
        }
        let opened = await onThread(thread) { () -> Result<any MDNSSession, AvahiError> in
            do throws(AvahiError) {
                return .success(try open(sink))
            } catch {
                return .failure(error)
            }
        }
        switch opened {
        case .failure(let error): return error.description
        case .success(let session):
            let reason = await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await _ in around.inventory.changes() { feed.yield(.look) }
                }
                defer { group.cancelAll() }
                return await follow(inputs, feed: feed, session: session, thread: thread, &conversation)
            }
            await onThread(thread) { session.close() }
            return reason
        }
    }

    private func follow(
        _ inputs: AsyncStream<Input>, feed: AsyncStream<Input>.Continuation, session: any MDNSSession,
        thread: NIOThreadPool, _ conversation: inout MDNSConversation
    ) async -> String {
        var timer: Scheduled<Void>?
        defer { timer?.cancel() }
        for await input in inputs {
            var outputs: [MDNSConversation.Output] = []
            if case .event(let event) = input {
                if case .lost(let error) = event { return error.description }
                outputs = conversation.take(event, now: .now)
            }
            outputs += conversation.look(at: offer(), now: .now)
            await carryOut(outputs, session: session, thread: thread, &conversation)
            show(conversation.state)
            timer?.cancel()
            let now = ContinuousClock.now
            timer = eventLoop.scheduleTask(in: TimeAmount(max(.milliseconds(10), conversation.due(now: now) - now))) {
                feed.yield(.look)
            }
        }
        return "more was told than could be heard"
    }

    private func offer() -> MDNSConversation.Offer {
        let newest = around.inventory.newest(MDNSLimits.digestsPerString * MDNSLimits.digestStrings)
        return MDNSConversation.Offer(
            port: UInt16(clamping: around.configuration.httpPort),
            record: MDNSRecord(
                id: around.identity.id, name: around.identity.name, epoch: around.identity.epoch,
                version: newest.version, cluster: around.key?.clusterID ?? [],
                newest: newest.digests.map { DigestPrefix($0) }),
            interfaces: interfaces())
    }

    private func carryOut(
        _ outputs: [MDNSConversation.Output], session: any MDNSSession, thread: NIOThreadPool,
        _ conversation: inout MDNSConversation
    ) async {
        var queue = outputs[...]
        while let output = queue.popFirst(), !Task.isCancelled {
            switch output {
            case .sighted(let sighting):
                around.directory.sighted(sighting, now: .now)
                around.alarm.ring()
            case .lost(let id):
                around.directory.lost(id, source: .mdns, now: .now)
                around.alarm.ring()
            case .dropped(let reason): around.tally.drop(reason)
            case .command(let command):
                let error = await onThread(thread) { () -> AvahiError? in
                    do throws(AvahiError) {
                        try session.perform(command)
                        return nil
                    } catch {
                        return error
                    }
                }
                guard let error else { continue }
                around.logger.debug("mDNS: a command was refused", metadata: ["error": "\(error)"])
                queue += conversation.failed(command, now: .now)
            }
        }
    }

    private func onThread<Value: Sendable>(
        _ thread: NIOThreadPool, _ work: @escaping @Sendable () -> Value
    ) async -> Value {
        // Not `runIfActive`: what is cancelled here must be closed all the same.
        await withCheckedContinuation { continuation in
            thread.submit { _ in continuation.resume(returning: work()) }
        }
    }

    // MARK: What it says of itself

    /// Shows how it stands; the log tells of turns, not of every try.
    private func show(_ state: MDNSState) {
        let before = around.status.become(state)
        switch (before, state) {
        case (.noDaemon, .noDaemon), (.running, .running): break
        case (_, .noDaemon(let reason)):
            around.logger.notice(
                "no mDNS: this node is found by its other ways alone; where avahi-daemon is started it is used",
                metadata: ["reason": "\(reason)"])
        case (_, .running(let name)):
            around.logger.info("announced by mDNS", metadata: ["service": "\(name)"])
        case (.collision, .collision): break
        case (_, .collision(let name)):
            around.logger.info("the mDNS name is taken; another one is tried", metadata: ["service": "\(name)"])
        default: break
        }
    }
}
