import NIOCore
import NIOPosix
import Synchronization

/// The beacon on the wire: a socket and a timer around a `BeaconDialogue`.
///
/// Datagrams are handled where they arrive, on the event loop, and nothing queues: what comes too fast is dropped unread.
final class BeaconLink: Sendable {
    private struct State: Sendable {
        var dialogue: BeaconDialogue
        var timer: Scheduled<Void>?
        var timerDue: ContinuousClock.Instant?
        var isLeaving = false
    }

    private let around: BeaconSurroundings
    private let sockets: [BeaconSocket]
    private let eventLoop: any EventLoop
    private let channels: [any Channel]
    private let state: Mutex<State>

    /// Binds the port for both families and begins to listen; `begin` begins to speak. A host without IPv6 does without.
    static func open(_ around: BeaconSurroundings, on eventLoop: any EventLoop) async throws -> BeaconLink {
        let first = try BeaconSocket(port: around.configuration.port)
        let sockets = [first] + [try? BeaconSocket(port: first.port, family: .v6)].compactMap { $0 }
        let inbox = Inbox()
        var channels: [any Channel] = []
        do {
            for socket in sockets { channels.append(try await listen(on: socket, inbox, eventLoop)) }
        } catch {
            for channel in channels { try? await channel.close() }
            for socket in sockets { socket.close() }
            throw error
        }
        let link = BeaconLink(around, sockets: sockets, channels: channels, eventLoop: eventLoop)
        inbox.link.withLock { $0 = link }
        for (socket, channel) in zip(sockets, link.channels) {
            channel.closeFuture.whenComplete { _ in
                // Breaks the circle of link, channel and handler. One family without the other is half a beacon: both are opened anew.
                inbox.link.withLock { $0 = nil }
                socket.close()
                for other in link.channels { other.close(promise: nil) }
            }
        }
        around.configuration.onBound?(first.port)
        return link
    }

    private static func listen(
        on socket: BeaconSocket, _ inbox: Inbox, _ eventLoop: any EventLoop
    ) async throws -> any Channel {
        try await DatagramBootstrap(group: eventLoop)
            // One byte more than the largest datagram would do to tell a larger one.
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 2048))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        BeaconHandler { inbox.link.withLock { $0 }?.receive($0, from: $1, port: $2) })
                }
            }
            .withBoundSocket(try socket.duplicate()).get()
    }

    /// The handler is made before the link that it hands to.
    private final class Inbox: Sendable {
        let link = Mutex<BeaconLink?>(nil)
    }

    private init(
        _ around: BeaconSurroundings, sockets: [BeaconSocket], channels: [any Channel], eventLoop: any EventLoop
    ) {
        self.around = around
        self.sockets = sockets
        self.channels = channels
        self.eventLoop = eventLoop
        state = Mutex(State(dialogue: BeaconDialogue(around, start: .now)))
    }

    func begin() {
        turn()
        decide { _ in }
    }

    /// Called every second: looks at the interfaces, and introduces nodes to each other where it is time.
    func turn() {
        let neighbourhood = Neighbourhood.now()
        let groups = around.configuration.broadcasts ? neighbourhood.multicastInterfaces : []
        for socket in sockets { socket.join(on: groups) }
        let introductions = decide { dialogue in
            dialogue.networkChanged(to: neighbourhood, at: .now)
            dialogue.paceWants(at: .now)
            return dialogue.introductions(at: .now, random: .random(in: 0..<1))
        }
        for (target, saying) in introductions {
            if let target {
                if let datagram = around.datagram(saying) { send(datagram, to: target) }
            } else {
                broadcast(saying)
            }
        }
    }

    /// When the socket is closed, by `leave` or by an error.
    func closed() async {
        // The result says nothing more: a closed channel is closed.
        for channel in channels { try? await channel.closeFuture.get() }
    }

    /// Says Bye three times, for any may be lost, and closes.
    func leave() {
        let isFirst = state.withLock { state in
            defer { state.isLeaving = true }
            state.timer?.cancel()
            return !state.isLeaving
        }
        guard isFirst else { return }
        let bye = BeaconSaying(payload: .bye)
        broadcast(bye)
        eventLoop.scheduleTask(in: .milliseconds(30)) { self.broadcast(bye) }
        eventLoop.scheduleTask(in: .milliseconds(60)) {
            self.broadcast(bye)
            for channel in self.channels { channel.close(promise: nil) }
        }
    }

    func inventoryChanged() {
        decide { $0.inventoryChanged(at: .now) }
    }

    /// There is something to be said of what this node is fetching.
    func wantsChanged() {
        decide { _ in }
    }

    /// Asks everybody.
    func ask(_ question: Beacon.WhoHas) {
        broadcast(BeaconDialogue.question(question))
        around.tally.add { $0.asked += 1 }
    }

    // MARK: The timer

    /// Goes on with the dialogue, and sets the timer where the next Hello comes sooner by that.
    private func decide<Decision: Sendable, Failure: Error>(
        _ decision: (inout BeaconDialogue) throws(Failure) -> Decision
    ) throws(Failure) -> Decision {
        try state.withLock { state throws(Failure) in
            defer { setTimer(&state) }
            return try decision(&state.dialogue)
        }
    }

    private func setTimer(_ state: inout State) {
        let due = state.dialogue.due
        guard !state.isLeaving, state.timerDue.map({ due < $0 }) ?? true else { return }
        state.timer?.cancel()
        state.timerDue = due
        state.timer = eventLoop.scheduleTask(in: TimeAmount(due - .now)) { self.speak() }
    }

    private func speak() {
        let (hello, wants) = state.withLock { state -> (BeaconSaying?, [BeaconSaying]) in
            guard !state.isLeaving else { return (nil, []) }
            let now = ContinuousClock.now
            let isHelloDue = state.dialogue.helloDue <= now
            let hello = isHelloDue ? state.dialogue.hello(at: now, random: .random(in: 0..<1)) : nil
            let wants = state.dialogue.wants(at: now, random: .random(in: 0..<1))
            state.timerDue = nil
            setTimer(&state)
            return (hello, wants)
        }
        // Who does not know this node takes its Wants after its Hello only.
        if let hello { broadcast(hello) }
        for want in wants { broadcast(want) }
        if !wants.isEmpty { around.tally.add { $0.wanted += UInt64(wants.count) } }
    }

    // MARK: In

    private func receive(_ buffer: ByteBuffer, from source: IPAddress, port: Int) {
        around.tally.add { $0.received += 1 }
        do throws(BeaconDrop) {
            let reaction = try decide { dialogue throws(BeaconDrop) in
                try dialogue.hear(
                    Array(buffer.readableBytesView), from: BeaconTarget(ip: source, port: port), now: .now,
                    random: .random(in: 0..<1))
            }
            follow(reaction)
        } catch {
            around.tally.drop(error)
        }
    }

    private func follow(_ reaction: BeaconDialogue.Reaction) {
        if reaction.wantsInquiry { around.alarm.ring() }
        if reaction.hasNews { around.questions.lookAgain() }
        if let question = reaction.overheard { around.questions.overhear(question) }
        around.wants.note(reaction.wanted)
        guard let answer = reaction.answer else { return }
        eventLoop.scheduleTask(in: TimeAmount(answer.delay)) {
            self.state.withLock { $0.dialogue.answerSent() }
            for target in answer.target.map({ [$0] }) ?? self.targets() { self.send(answer.datagram, to: target) }
            self.around.tally.add { $0.answered += 1 }
        }
    }

    // MARK: Out

    private func broadcast(_ saying: BeaconSaying) {
        for target in targets() {
            if let datagram = around.datagram(saying) { send(datagram, to: target) }
        }
    }

    private func targets() -> [BeaconTarget] {
        state.withLock { $0.dialogue.audience(at: .now) }
    }

    private func send(_ bytes: [UInt8], to target: BeaconTarget) {
        let isSent = sockets.contains { $0.send(bytes, to: target) }
        around.tally.add { if isSent { $0.sent += 1 } else { $0.unsent += 1 } }
    }
}
