import Logging
import NIOCore

/// Asks what the directory wants asked: who is at an address, and what an inventory has come to. As many at once as the directory's
/// limits say, each within a time.
struct InquiryRunner: Sendable {
    static let nodeLimit = Duration.seconds(5)
    /// For all pages of an inventory together.
    static let inventoryLimit = Duration.seconds(60)

    let directory: Directory
    let inquiry: any PeerInquiry
    let alarm: Alarm
    /// Called when an answer has entered the directory.
    let onAnswer: @Sendable () -> Void
    let eventLoop: any EventLoop
    let logger: Logger

    /// Until it is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            var timer: Scheduled<Void>?
            for await _ in alarm.rings {
                timer?.cancel()
                let now = ContinuousClock.now
                let (start, next) = directory.startInquiries(now: now)
                for inquiry in start {
                    group.addTask {
                        await ask(inquiry)
                        alarm.ring()
                    }
                }
                if let next { timer = eventLoop.scheduleTask(in: TimeAmount(next - now)) { alarm.ring() } }
            }
            timer?.cancel()
        }
    }

    private func ask(_ inquiry: Inquiry) async {
        switch inquiry {
        case .node(let id, let address):
            let document = await attempt("who is node \(id) at \(address)", limit: Self.nodeLimit) {
                try await self.inquiry.node(at: address)
            }
            directory.finish(inquiry, document: document, now: .now)
        case .caller(let address):
            let document = await attempt("who is at \(address)", limit: Self.nodeLimit) {
                try await self.inquiry.node(at: address)
            }
            directory.finish(inquiry, document: document, now: .now)
        case .inventory(let id, let address, let epoch, let since):
            let reading = await attempt("the inventory of node \(id) at \(address)", limit: Self.inventoryLimit) {
                try await read(of: id, at: address, epoch: epoch, since: since)
            }
            directory.finish(inquiry, reading: reading, now: .now)
        }
        onAnswer()
    }

    private func read(
        of id: NodeID, at address: PeerAddress, epoch: UInt64, since: UInt64
    ) async throws -> InventoryReading {
        let first = try await inquiry.inventory(at: address, of: id, epoch: epoch, since: since, next: nil)
        var reading = try InventoryReading(first, limits: directory.limits)
        while let next = reading.next {
            try reading.append(
                await inquiry.inventory(at: address, of: id, epoch: epoch, since: nil, next: next))
        }
        if reading.isCut {
            logger.warning(
                "a peer's inventory is longer than what is kept of one peer",
                metadata: ["peer": "\(id)", "kept": "\(reading.added.count)"])
        }
        return reading
    }

    private func attempt<Answer: Sendable>(
        _ question: String, limit: Duration, _ ask: @escaping @Sendable () async throws -> Answer
    ) async -> Answer? {
        do {
            return try await within(limit, question, ask)
        } catch {
            logger.debug("no answer from a peer", metadata: ["asked": "\(question)", "error": "\(error)"])
            return nil
        }
    }
}

/// Runs an operation, and ends it when it takes too long.
func within<Value: Sendable>(
    _ limit: Duration, _ what: String, _ operation: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await operation() }
        group.addTask {
            try await Task.sleep(for: limit)
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let value = first else {
            throw DiscoveryError(.timedOut, "no answer to “\(what)” within \(limit)")
        }
        return value
    }
}
