import Logging
import NIOCore

/// The answering side of connections: takes requests as they arrive, asks the responder, and sends what it says.
struct ConnectionServer: Sendable {
    let responder: any HTTPResponder
    let limits: HTTPLimits
    let warmer: RegionWarmer
    let logger: Logger

    /// Serves one connection until it closes.
    func serve(_ connection: Connection) async {
        let refusal =
            connection.place.isRefused
            ? HTTPRefusal(.tooManyConnections, "there are as many connections as there may be; try again soon") : nil
        do {
            try await connection.channel.executeThenClose { inbound, outbound in
                for try await event in inbound {
                    let answer = Answer(
                        event, refusal: refusal, connection: connection, outbound: outbound, server: self)
                    guard try await answer.give() else { break }
                }
                // The handler sees to it that this comes: it listens for a bounded while after its last byte.
                await connection.link.wait(for: .closed)
            }
        } catch {
            logger.trace("connection ended", metadata: ["connection": "\(connection.id)", "reason": "\(error)"])
        }
    }
}
