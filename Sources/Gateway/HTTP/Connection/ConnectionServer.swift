import Logging
import NIOCore

/// The answering side of connections: takes requests as they arrive, asks the responder, and sends what it says.
struct ConnectionServer: Sendable {
    let responder: any HTTPResponder
    let limits: HTTPLimits
    let warmer: RegionWarmer
    let logger: Logger
    let refusals: RefusalCounters
    private let requests: RequestLimiter

    init(
        responder: any HTTPResponder, limits: HTTPLimits, warmer: RegionWarmer, logger: Logger,
        refusals: RefusalCounters
    ) {
        self.responder = responder
        self.limits = limits
        self.warmer = warmer
        self.logger = logger
        self.refusals = refusals
        requests = RequestLimiter(limit: limits.requests)
    }

    /// Serves one connection until it closes.
    func serve(_ connection: Connection) async {
        do {
            try await connection.channel.executeThenClose { inbound, outbound in
                for try await event in inbound {
                    let isAdmitted = !connection.place.isRefused && requests.enter()
                    defer { if isAdmitted { requests.leave() } }
                    let answer = Answer(
                        event, refusal: isAdmitted ? nil : refusal(connection), connection: connection,
                        outbound: outbound, server: self)
                    guard try await answer.give() else { break }
                }
                // The handler sees to it that this comes: it listens for a bounded while after its last byte.
                await connection.link.wait(for: .closed)
            }
        } catch {
            logger.trace("connection ended", metadata: ["connection": "\(connection.id)", "reason": "\(error)"])
        }
    }

    /// Why a request is not answered by the responder, whatever it is.
    private func refusal(_ connection: Connection) -> HTTPRefusal {
        connection.place.isRefused
            ? HTTPRefusal(.tooManyConnections, "there are as many connections as there may be; try again soon")
            : HTTPRefusal(.tooManyRequests, "as many requests are being answered as may be; try again soon")
    }
}
