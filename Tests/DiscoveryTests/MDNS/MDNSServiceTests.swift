import Logging
import NIOCore
import NIOPosix
import OCI
import Synchronization
import Testing

@testable import Discovery

/// A daemon that does what the test says.
private final class ScriptedDaemon: Sendable {
    struct Session: Sendable {
        var sink: @Sendable (MDNSEvent) -> Void
        var commands: [MDNSCommand] = []
        var isClosed = false
    }

    private struct State: Sendable {
        var sessions: [Session] = []
        /// So many openings fail first.
        var failures: Int
        var refusesFollowing = false
    }

    private let state: Mutex<State>

    init(failures: Int = 0) {
        state = Mutex(State(failures: failures))
    }

    var sessions: [Session] { state.withLock { $0.sessions } }
    var commands: [MDNSCommand] { sessions.last?.commands ?? [] }

    /// What was published last, by the session that is open.
    var published: MDNSAnnouncement? {
        for command in commands.reversed() {
            switch command {
            case .publish(_, let announcement), .update(_, let announcement): return announcement
            default: continue
            }
        }
        return nil
    }

    func tell(_ event: MDNSEvent) { sessions.last?.sink(event) }

    func refuseFollowing() { state.withLock { $0.refusesFollowing = true } }

    func open(_ sink: @escaping @Sendable (MDNSEvent) -> Void) throws(AvahiError) -> any MDNSSession {
        let isRefused = state.withLock { state in
            guard state.failures == 0 else {
                state.failures -= 1
                return true
            }
            state.sessions.append(Session(sink: sink))
            return false
        }
        guard !isRefused else { throw AvahiError(-26, "reach avahi-daemon over D-Bus") }
        return Handle(daemon: self, number: sessions.count - 1)
    }

    private struct Handle: MDNSSession {
        let daemon: ScriptedDaemon
        let number: Int

        func perform(_ command: MDNSCommand) throws(AvahiError) {
            let isRefused = daemon.state.withLock { state in
                state.sessions[number].commands.append(command)
                if case .follow = command { return state.refusesFollowing }
                return false
            }
            if isRefused { throw AvahiError(-17, "resolve a service") }
        }

        func close() { daemon.state.withLock { $0.sessions[number].isClosed = true } }
    }
}

struct MDNSServiceTests {
    private struct Bench {
        let daemon: ScriptedDaemon
        let inventory = Inventory(epoch: 3)
        let directory = Directory(own: Samples.node(1), hasKey: false, believesTags: false)
        let status = MDNSStatus(.starting)
        let tally = DiscoveryTally()

        init(failures: Int = 0) {
            daemon = ScriptedDaemon(failures: failures)
        }

        func run(_ body: () async throws -> Void) async throws {
            var configuration = DiscoveryConfiguration(httpPort: 6051, allows: { _ in true })
            configuration.mdns = true
            let service = MDNSService(
                MDNSService.Surroundings(
                    configuration: configuration, identity: Samples.identity(1, epoch: 3), key: nil,
                    inventory: inventory, directory: directory, tally: tally, alarm: Alarm(), status: status,
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }),
                eventLoop: MultiThreadedEventLoopGroup.singleton.next(), interfaces: { [2] },
                open: { (sink) throws(AvahiError) in try daemon.open(sink) })
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await service.run() }
                try await body()
                group.cancelAll()
            }
        }

        /// Until this node is announced.
        func announce() async {
            await eventually("a session is opened") { !daemon.sessions.isEmpty }
            daemon.tell(.daemon(.running))
            await eventually("the node is published") { daemon.published != nil }
            daemon.tell(.established(interface: 2))
            await eventually("the state is running") { if case .running = status.now { true } else { false } }
        }

        func version(_ announcement: MDNSAnnouncement?) -> UInt64? {
            announcement.flatMap { try? MDNSRecord(strings: $0.strings) }?.version
        }
    }

    private static let other = MDNSInstance(interface: 2, family: .v4, name: "other", domain: "local")

    private static func resolution(version: UInt64 = 1) -> MDNSResolution {
        MDNSResolution(
            address: Samples.ip("192.0.2.7"), port: 5051,
            strings: MDNSViewTests.record(7, version: version).strings)
    }

    @Test("a node is announced with its port and record once the daemon runs, and looks for others")
    func announces() async throws {
        let bench = Bench()
        try await bench.run {
            await bench.announce()
            #expect(bench.daemon.commands.first == .browse)
            let published = try #require(bench.daemon.published)
            #expect(published.port == 6051)
            let record = try MDNSRecord(strings: published.strings)
            #expect((record.id, record.epoch, record.version) == (Samples.node(1), 3, 0))
        }
    }

    @Test("a change of the inventory is announced, with the newest digests")
    func announcesChanges() async throws {
        let bench = Bench()
        try await bench.run {
            await bench.announce()
            bench.inventory.set(blobs: Samples.entries(0..<2), references: [])
            await eventually("the change is announced") { bench.version(bench.daemon.published) == 1 }
            let record = try MDNSRecord(strings: #require(bench.daemon.published).strings)
            #expect(Set(record.newest) == Set((0..<2).map { DigestPrefix(Samples.digest($0)) }))
        }
    }

    @Test("who is told of enters the directory by mDNS, and no longer is when it is removed")
    func sights() async throws {
        let bench = Bench()
        try await bench.run {
            await bench.announce()
            bench.daemon.tell(.found(Self.other, interfaceName: "eth0", isOwn: false))
            await eventually("it is resolved") { bench.daemon.commands.contains(.follow(Self.other)) }
            bench.daemon.tell(.resolved(Self.other, Self.resolution()))
            await eventually("something is wanted of it") {
                bench.directory.startInquiries(now: .now).start.contains { $0.node == Samples.node(7) }
            }
            bench.daemon.tell(.removed(Self.other))
            await eventually("it is not resolved any more") { bench.daemon.commands.contains(.unfollow(Self.other)) }
        }
    }

    @Test(
        "what is this node's own, or told where no neighbours are, is not resolved",
        arguments: [("docker0", false, MDNSDrop.notLAN), (nil, false, .notLAN), ("eth0", true, .own)]
            as [(String?, Bool, MDNSDrop)])
    func leavesOut(interface: String?, isOwn: Bool, reason: MDNSDrop) async throws {
        let bench = Bench()
        try await bench.run {
            await bench.announce()
            bench.daemon.tell(.found(Self.other, interfaceName: interface, isOwn: isOwn))
            await eventually("it is dropped") { bench.tally.snapshot.mdnsDropped == [reason: 1] }
            #expect(!bench.daemon.commands.contains(.follow(Self.other)))
        }
    }

    @Test("after a restart of the daemon the session is closed, and the node announced anew by another one")
    func restart() async throws {
        let bench = Bench()
        try await bench.run {
            await bench.announce()
            bench.daemon.tell(.lost(AvahiError(-23, "speak to avahi-daemon")))
            await eventually("the session is closed") { bench.daemon.sessions[0].isClosed }
            await eventually("another one is opened") { bench.daemon.sessions.count == 2 }
            bench.daemon.tell(.daemon(.running))
            await eventually("the node is published again") { bench.daemon.published != nil }
        }
    }

    @Test("without D-Bus the state says so, and it is tried again")
    func noBus() async throws {
        let bench = Bench(failures: 1)
        try await bench.run {
            await eventually("the state says so") {
                if case .noDaemon(let reason) = bench.status.now { reason.contains("D-Bus") } else { false }
            }
            await bench.announce()
        }
    }

    @Test("where the daemon does not run the session waits for it")
    func away() async throws {
        let bench = Bench()
        try await bench.run {
            await eventually("a session is opened") { !bench.daemon.sessions.isEmpty }
            bench.daemon.tell(.daemon(.away))
            await eventually("the state says so") { if case .noDaemon = bench.status.now { true } else { false } }
            await bench.announce()
            #expect(bench.daemon.sessions.count == 1)
        }
    }

    @Test("a name that is taken is followed by another one")
    func collision() async throws {
        let bench = Bench()
        try await bench.run {
            await eventually("a session is opened") { !bench.daemon.sessions.isEmpty }
            bench.daemon.tell(.daemon(.running))
            await eventually("the node is published") { bench.daemon.published != nil }
            let name = try #require(bench.daemon.published).name
            bench.daemon.tell(.collided(interface: 2))
            await eventually("another name is published") { bench.daemon.published?.name == name + " #2" }
        }
    }

    @Test("a resolver that the daemon refuses is forgotten, and wanted again when the service is found again")
    func refusedResolver() async throws {
        let bench = Bench()
        try await bench.run {
            bench.daemon.refuseFollowing()
            await bench.announce()
            for count in 1...2 {
                bench.daemon.tell(.found(Self.other, interfaceName: "eth0", isOwn: false))
                await eventually("it is wanted \(count) times") {
                    bench.daemon.commands.count { $0 == .follow(Self.other) } == count
                }
            }
        }
    }

    @Test("an end closes the session before the service returns")
    func end() async throws {
        let bench = Bench()
        try await bench.run { await bench.announce() }
        #expect(bench.daemon.sessions.map(\.isClosed) == [true])
        #expect(bench.status.now == .off)
    }
}
