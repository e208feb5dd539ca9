import Dispatch
import OCI

@testable import Discovery

/// An Ethernet of simulated nodes: every datagram goes to everybody, and each receiver misses some. HTTP is a function call that takes a
/// while. The clock goes from event to event.
final class SimulatedLAN {
    private enum Event {
        case hello(Int, epoch: UInt64)
        case datagram([UInt8], from: Int)
        case answer([UInt8], from: Int, to: BeaconTarget?)
        case inquiries(Int, epoch: UInt64)
        case answered(Int, epoch: UInt64, [Inquiry])
        case houseKeeping(Int, epoch: UInt64)
    }

    /// Of a datagram, and of an HTTP answer.
    private static let latency = Duration.microseconds(200)
    private static let roundTrip = Duration.milliseconds(5)

    private(set) var nodes: [SimulatedNode] = []
    private(set) var now: ContinuousClock.Instant
    private(set) var traffic = Traffic()
    private var queue = EventQueue<Event>()
    private var numbers: [PeerAddress: Int] = [:]
    private let loss: Int

    init(loss: Int) {
        self.loss = loss
        now = .now
    }

    func join(_ node: SimulatedNode) {
        numbers[node.address] = nodes.count
        nodes.append(node)
    }

    var living: [SimulatedNode] { nodes.filter(\.isUp) }

    // MARK: What the benchmark does to nodes

    func start(_ number: Int) {
        let node = nodes[number]
        node.start(now: now)
        queue.push(.houseKeeping(number, epoch: node.epoch), at: now + .seconds(node.share()))
        settle(node)
    }

    /// With a Bye or, as when the power fails, without.
    func stop(_ number: Int, saysBye: Bool) {
        let node = nodes[number]
        if saysBye {
            for delay in [0, 30, 60] {
                if let bye = node.bye() {
                    queue.push(.datagram(bye, from: number), at: now + .milliseconds(delay) + Self.latency)
                    count(bye)
                }
            }
        }
        node.stop()
    }

    func add(_ digests: [Digest], to number: Int) {
        nodes[number].add(digests, now: now)
        settle(nodes[number])
    }

    // MARK: Time

    func run(for duration: Duration) {
        let end = now + duration
        while let time = queue.nextTime, time <= end, let (time, event) = queue.pop() {
            now = max(now, time)
            handle(event)
        }
        now = end
    }

    /// Until a condition holds, which is looked at every so often; nil where it does not in time.
    func run(until condition: () -> Bool, every step: Duration = .milliseconds(50), within limit: Duration) -> Duration?
    {
        let start = now
        while now - start < limit {
            if condition() { return now - start }
            run(for: step)
        }
        return condition() ? now - start : nil
    }

    private func handle(_ event: Event) {
        switch event {
        case .hello(let number, let epoch): sayHello(nodes[number], epoch: epoch)
        case .datagram(let bytes, let sender): broadcast(bytes, from: sender)
        case .answer(let bytes, let sender, let target):
            count(bytes)
            nodes[sender].answerSent()
            guard let target else { return broadcast(bytes, from: sender) }
            guard let number = numbers[PeerAddress(host: target.ip.description, port: target.port)] else { return }
            deliver(bytes, from: nodes[sender].source, to: nodes[number])
        case .inquiries(let number, let epoch): startInquiries(nodes[number], epoch: epoch)
        case .answered(let number, let epoch, let inquiries): finish(inquiries, of: nodes[number], epoch: epoch)
        case .houseKeeping(let number, let epoch):
            let node = nodes[number]
            guard node.isUp, node.epoch == epoch else { return }
            _ = node.directory.tick(now: now)
            for introduction in node.introductions(now: now) { say(introduction, node) }
            node.wantsInquiry = true
            settle(node)
            queue.push(event, at: now + .seconds(1))
        }
    }

    /// Puts into the queue what a node has come to want.
    private func settle(_ node: SimulatedNode) {
        guard node.isUp else { return }
        let due = max(node.dialogue.due, now)
        if node.helloAt.map({ due < $0 }) ?? true {
            node.helloAt = due
            queue.push(.hello(node.number, epoch: node.epoch), at: due)
        }
        if node.wantsInquiry {
            node.wantsInquiry = false
            wantInquiries(node, at: now)
        }
        for answer in node.answers {
            queue.push(.answer(answer.datagram, from: node.number, to: answer.target), at: now + answer.delay)
        }
        node.answers = []
    }

    // MARK: Datagrams

    private func sayHello(_ node: SimulatedNode, epoch: UInt64) {
        // Another one took its place.
        guard node.isUp, node.epoch == epoch, node.helloAt == now else { return }
        node.helloAt = nil
        if let hello = node.hello(now: now) { say(hello, node) }
        settle(node)
    }

    private func say(_ datagram: [UInt8], _ node: SimulatedNode) {
        count(datagram)
        queue.push(.datagram(datagram, from: node.number), at: now + Self.latency)
    }

    private func count(_ datagram: [UInt8]) {
        traffic.datagrams += 1
        traffic.datagramBytes += datagram.count
    }

    /// Every receiver parses its own copy. Nodes share nothing, so each thread takes some of them.
    private func broadcast(_ datagram: [UInt8], from sender: Int) {
        let threads = 8
        let source = nodes[sender].source
        nonisolated(unsafe) let nodes = nodes
        let (now, loss) = (now, loss)
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            for number in stride(from: thread, to: nodes.count, by: threads) where nodes[number].isUp {
                nodes[number].hear(datagram, from: source, now: now, loss: loss)
            }
        }
        traffic.received += nodes.count
        for node in nodes { settle(node) }
    }

    private func deliver(_ datagram: [UInt8], from source: BeaconTarget, to node: SimulatedNode) {
        guard node.isUp else { return }
        traffic.received += 1
        node.hear(datagram, from: source, now: now, loss: loss)
        settle(node)
    }

    // MARK: HTTP

    private func wantInquiries(_ node: SimulatedNode, at time: ContinuousClock.Instant) {
        guard node.inquiriesAt.map({ time < $0 }) ?? true else { return }
        node.inquiriesAt = time
        queue.push(.inquiries(node.number, epoch: node.epoch), at: time)
    }

    private func startInquiries(_ node: SimulatedNode, epoch: UInt64) {
        guard node.isUp, node.epoch == epoch, node.inquiriesAt == now else { return }
        node.inquiriesAt = nil
        let (start, next) = node.directory.startInquiries(now: now)
        if !start.isEmpty {
            traffic.requests += start.count
            queue.push(.answered(node.number, epoch: epoch, start), at: now + Self.roundTrip)
        }
        if let next { wantInquiries(node, at: max(next, now)) }
    }

    private func finish(_ inquiries: [Inquiry], of node: SimulatedNode, epoch: UInt64) {
        guard node.isUp, node.epoch == epoch else { return }
        for inquiry in inquiries {
            switch inquiry {
            case .node(_, let address), .caller(let address):
                node.directory.finish(inquiry, document: peer(at: address)?.document, now: now)
            case .inventory(_, let address, let epoch, let since):
                node.directory.finish(
                    inquiry, reading: reading(at: address, epoch: epoch, since: since, for: node), now: now)
            }
        }
        wantInquiries(node, at: now)
    }

    private func peer(at address: PeerAddress) -> SimulatedNode? {
        numbers[address].map { nodes[$0] }.flatMap { $0.isUp ? $0 : nil }
    }

    private func reading(
        at address: PeerAddress, epoch: UInt64, since: UInt64, for node: SimulatedNode
    ) -> InventoryReading? {
        guard let peer = peer(at: address) else { return nil }
        let (page, bytes) = peer.page(epoch: epoch, since: since)
        traffic.bodyBytes += bytes
        return try? InventoryReading(page, limits: node.directory.limits)
    }
}
