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
    private let socket: BeaconSocket
    private let eventLoop: any EventLoop
    private let channel: any Channel
    private let state: Mutex<State>

    /// Binds the port and begins to listen; `begin` begins to speak.
    static func open(_ around: BeaconSurroundings, on eventLoop: any EventLoop) async throws -> BeaconLink {
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

    private init(_ around: BeaconSurroundings, socket: BeaconSocket, channel: any Channel) {
        self.around = around
        self.socket = socket
        self.channel = channel
        eventLoop = channel.eventLoop
        state = Mutex(State(dialogue: BeaconDialogue(around, start: .now)))
    }

    func begin() {
        decide { _ in }
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
        let bye = BeaconSaying(payload: .bye)
        broadcast(bye)
        eventLoop.scheduleTask(in: .milliseconds(30)) { self.broadcast(bye) }
        eventLoop.scheduleTask(in: .milliseconds(60)) {
            self.broadcast(bye)
            self.channel.close(promise: nil)
        }
    }

    func inventoryChanged() {
        decide { $0.inventoryChanged(at: .now) }
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
        state.timer = eventLoop.scheduleTask(in: TimeAmount(due - .now)) { self.sayHello() }
    }

    private func sayHello() {
        let hello = state.withLock { state -> BeaconSaying? in
            guard !state.isLeaving else { return nil }
            let hello = state.dialogue.hello(at: .now, random: .random(in: 0..<1))
            state.timerDue = nil
            setTimer(&state)
            return hello
        }
        if let hello { broadcast(hello) }
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
        guard let answer = reaction.answer else { return }
        eventLoop.scheduleTask(in: TimeAmount(answer.delay)) {
            self.state.withLock { $0.dialogue.answerSent() }
            self.send(answer.datagram, to: answer.target)
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
        if let targets = around.configuration.targets { return targets() }
        let broadcasts = InterfaceCache.shared.interfaces().compactMap(\.broadcastTarget)
        return Set(broadcasts).map { BeaconTarget(ip: $0, port: around.configuration.port) }
    }

    private func send(_ bytes: [UInt8], to target: BeaconTarget) {
        let isSent = socket.send(bytes, to: target)
        around.tally.add { if isSent { $0.sent += 1 } else { $0.unsent += 1 } }
    }
}
