import Logging
import NIOCore
import NIOPosix
import OCI
import Synchronization

/// The beacon on the wire: sends Hellos when they are due, takes up what comes in, answers questions, says Bye.
///
/// Datagrams are handled where they arrive, on the event loop, and nothing queues: what comes too fast is dropped unread.
final class BeaconLink: Sendable {
    /// What a link works with and does not own.
    struct Surroundings: Sendable {
        var configuration: DiscoveryConfiguration
        var identity: NodeIdentity
        var codec: BeaconCodec
        var inventory: Inventory
        var directory: Directory
        var questions: Questions
        var tally: DiscoveryTally
        /// Rung when the directory wants something asked.
        var alarm: Alarm
        /// Numbers the datagrams of this epoch; it outlives a link.
        var sequence: BeaconSequence
        var logger: Logger
    }

    private struct State: Sendable {
        var flood: FloodGate
        var answers: AnswerGate
        var schedule: HelloSchedule
        /// The version that the last Hello led to.
        var announced: UInt64 = 0
        var timer: Scheduled<Void>?
        var timerDue: ContinuousClock.Instant?
        var isLeaving = false
    }

    private static let inlineChanges = 20
    private static let answerDelay = 0...20

    private let around: Surroundings
    private let socket: BeaconSocket
    private let eventLoop: any EventLoop
    private let channel: any Channel
    private let state: Mutex<State>

    /// Binds the port and begins to listen; `begin` begins to speak.
    static func open(_ around: Surroundings, on eventLoop: any EventLoop) async throws -> BeaconLink {
        let socket = try BeaconSocket(port: around.configuration.port)
        let inbox = Inbox()
        let channel = try await DatagramBootstrap(group: eventLoop)
            // One byte more than the largest datagram would do to tell a larger one.
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 2048))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        BeaconHandler { inbox.link.withLock { $0 }?.receive($0, from: $1, port: $2) })
                }
            }
            .withBoundSocket(try socket.duplicate()).get()
        let link = BeaconLink(around, socket: socket, channel: channel)
        inbox.link.withLock { $0 = link }
        // Breaks the circle of link, channel and handler.
        channel.closeFuture.whenComplete { _ in
            inbox.link.withLock { $0 = nil }
            socket.close()
        }
        around.configuration.onBound?(socket.port)
        return link
    }

    /// The handler is made before the link that it hands to.
    private final class Inbox: Sendable {
        let link = Mutex<BeaconLink?>(nil)
    }

    private init(_ around: Surroundings, socket: BeaconSocket, channel: any Channel) {
        self.around = around
        self.socket = socket
        self.channel = channel
        eventLoop = channel.eventLoop
        state = Mutex(
            State(
                flood: FloodGate(rates: around.configuration.floodRates),
                answers: AnswerGate(rates: around.configuration.answerRates),
                schedule: HelloSchedule(timing: around.configuration.timing, start: .now)))
    }

    func begin() {
        schedule { _ in }
    }

    /// When the socket is closed, by `leave` or by an error.
    func closed() async {
        // The result says nothing more: a closed channel is closed.
        try? await channel.closeFuture.get()
    }

    /// Says Bye three times, for any may be lost, and closes.
    func leave() {
        let isFirst = state.withLock { state in
            defer { state.isLeaving = true }
            state.timer?.cancel()
            return !state.isLeaving
        }
        guard isFirst else { return }
        broadcast(.bye)
        eventLoop.scheduleTask(in: .milliseconds(30)) { self.broadcast(.bye) }
        eventLoop.scheduleTask(in: .milliseconds(60)) {
            self.broadcast(.bye)
            self.channel.close(promise: nil)
        }
    }

    // MARK: Hello

    func inventoryChanged() {
        schedule { $0.inventoryChanged(at: .now) }
    }

    /// Changes the schedule, and sets the timer where the next Hello comes sooner by that.
    private func schedule(_ change: (inout HelloSchedule) -> Void) {
        state.withLock { state in
            change(&state.schedule)
            setTimer(&state)
        }
    }

    private func setTimer(_ state: inout State) {
        let due = state.schedule.due
        guard !state.isLeaving, state.timerDue.map({ due < $0 }) ?? true else { return }
        state.timer?.cancel()
        state.timerDue = due
        state.timer = eventLoop.scheduleTask(in: TimeAmount(due - .now)) { self.sayHello() }
    }

    private func sayHello() {
        let announced = state.withLock { $0.isLeaving ? nil : $0.announced }
        guard let announced else { return }
        let news = around.inventory.announcement(since: announced, limit: Self.inlineChanges)
        broadcast(.hello(hello(news, changes: news.changes)), else: .hello(hello(news, changes: nil)))
        state.withLock { state in
            state.announced = news.version
            state.schedule.sent(at: .now, random: .random(in: 0..<1))
            state.timerDue = nil
            setTimer(&state)
        }
    }

    private func hello(
        _ news: InventoryState.Announcement, changes: InventoryState.Changes?
    ) -> Beacon.Hello {
        Beacon.Hello(
            httpPort: UInt16(clamping: around.configuration.httpPort),
            name: PrintableName(fitting: around.identity.name).text,
            interval: around.configuration.timing.interval,
            version: news.version, count: UInt64(news.count), changes: changes)
    }

    // MARK: Questions

    /// Asks everybody. The question is made as long as its answer may be: nobody answers with more than was asked with.
    func ask(_ question: Beacon.WhoHas) {
        let length = Self.answerLength(question)
        broadcast(.whoHas(question), paddedTo: length)
        around.tally.add { $0.asked += 1 }
    }

    /// At most, with all that is asked for.
    private static func answerLength(_ question: Beacon.WhoHas) -> Int {
        let references = question.references.map { $0.description.utf8.count + BeaconLimits.mediaType + 90 }
        return 120 + 90 * question.digests.count + references.reduce(0, +)
    }

    /// What of it is here, in a datagram no longer than the question; nil where nothing is, or nothing fits.
    private func answer(to question: Beacon.WhoHas, limit: Int) -> [UInt8]? {
        var have = Beacon.Have(
            question: question.question, httpPort: UInt16(clamping: around.configuration.httpPort),
            blobs: question.digests.compactMap { around.inventory.entry(of: $0) },
            references: question.references.compactMap { around.inventory.reference($0) })
        while !have.blobs.isEmpty || !have.references.isEmpty {
            if let bytes = encode(.have(have), limit: limit) { return bytes }
            if have.references.popLast() == nil { have.blobs.removeLast() }
        }
        return nil
    }

    private func answer(_ question: Beacon.WhoHas, of length: Int, to asker: BeaconTarget) {
        guard let bytes = answer(to: question, limit: min(length, BeaconLimits.datagram)) else { return }
        guard state.withLock({ $0.answers.admit(asker.ip, now: .now) }) else {
            around.tally.drop(.questionLimit)
            return
        }
        // At random, so that the holders on a LAN do not answer in one voice.
        eventLoop.scheduleTask(in: .milliseconds(Int64(Int.random(in: Self.answerDelay)))) {
            self.state.withLock { $0.answers.sent() }
            self.send(bytes, to: asker)
            self.around.tally.add { $0.answered += 1 }
        }
    }

    // MARK: In

    private func receive(_ buffer: ByteBuffer, from source: IPAddress, port: Int) {
        around.tally.add { $0.received += 1 }
        do throws(BeaconDrop) {
            try take(buffer, from: source, port: port)
        } catch {
            around.tally.drop(error)
        }
    }

    private func take(_ buffer: ByteBuffer, from source: IPAddress, port: Int) throws(BeaconDrop) {
        let now = ContinuousClock.now
        let isPeer = around.directory.isPeerAddress(source)
        guard state.withLock({ $0.flood.admit(source, isPeer: isPeer, now: now) }) else { throw .flood }
        guard around.configuration.allows(source.description) else { throw .notAllowed }
        let beacon = try around.codec.decode(Array(buffer.readableBytesView))
        if case .have(let answer) = beacon.payload, !around.questions.isWaiting(for: answer.question) {
            throw .unsolicited
        }
        let (hearing, wantsInquiry) = try around.directory.hear(beacon, from: source, now: now)
        if wantsInquiry { around.alarm.ring() }
        if hearing.isStranger { schedule { $0.strangerHeard(at: now, random: .random(in: 0..<1)) } }
        if hearing.hasNews { around.questions.lookAgain() }
        if let question = hearing.question {
            answer(question, of: buffer.readableBytes, to: BeaconTarget(ip: source, port: port))
        }
    }

    // MARK: Out

    /// - Parameter fallback: said where the payload does not fit into a datagram.
    private func broadcast(_ payload: Beacon.Payload, else fallback: Beacon.Payload? = nil, paddedTo length: Int = 0) {
        for target in targets() {
            // A datagram for each network with a number of its own: a node on two of them is heard at two addresses.
            let bytes = encode(payload, paddedTo: length) ?? fallback.flatMap { encode($0) }
            if let bytes { send(bytes, to: target) }
        }
    }

    private func targets() -> [BeaconTarget] {
        if let targets = around.configuration.targets { return targets() }
        let broadcasts = InterfaceCache.shared.interfaces().compactMap(\.broadcastTarget)
        return Set(broadcasts).map { BeaconTarget(ip: $0, port: around.configuration.port) }
    }

    private func encode(
        _ payload: Beacon.Payload, paddedTo length: Int = 0, limit: Int = BeaconLimits.datagram
    ) -> [UInt8]? {
        let beacon = Beacon(
            node: around.identity.id, epoch: around.identity.epoch, sequence: around.sequence.next(), payload: payload)
        return around.codec.encode(beacon, paddedTo: length, limit: limit)
    }

    private func send(_ bytes: [UInt8], to target: BeaconTarget) {
        let isSent = socket.send(bytes, to: target)
        around.tally.add { if isSent { $0.sent += 1 } else { $0.unsent += 1 } }
    }
}
