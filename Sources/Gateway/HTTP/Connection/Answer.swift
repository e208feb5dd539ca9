import Content
import Logging
import NIOCore
import NIOHTTP1

/// One request being answered.
struct Answer: Sendable {
    private let request: HTTPRequest?
    private let refusal: HTTPRefusal?
    private let connection: Connection
    private let outbound: NIOAsyncChannelOutboundWriter<ResponsePart>
    private let server: ConnectionServer
    private let began = ContinuousClock.now

    /// - Parameter refusal: answers the request in place of the responder.
    init(
        _ event: ConnectionEvent, refusal: HTTPRefusal?, connection: Connection,
        outbound: NIOAsyncChannelOutboundWriter<ResponsePart>, server: ConnectionServer
    ) {
        switch event {
        case .request(let request): (self.request, self.refusal) = (request, refusal)
        case .refusal(let refusal): (request, self.refusal) = (nil, refusal)
        }
        self.connection = connection
        self.outbound = outbound
        self.server = server
    }

    private var link: ConnectionLink { connection.link }

    /// Answers, and stops at once when the client goes away.
    /// - Returns: whether another request may be answered on this connection.
    func give() async throws -> Bool {
        link.answerBegins()
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask { try await respond() }
            group.addTask {
                await link.wait(for: .closed)
                return false
            }
            defer { group.cancelAll() }
            return try await group.next() ?? false
        }
    }

    private func respond() async throws -> Bool {
        var response: HTTPResponse
        if let request, refusal == nil {
            response = await server.responder.respond(to: request)
            // With what is left of a body on the connection no other request can be found there.
            if let body = request.stream as? RequestBody, await !isRead(body, response) { response.closes = true }
        } else {
            let refusal = refusal ?? HTTPRefusal(.malformed, "the request could not be understood")
            server.refusals.count(refusal.reason)
            response = refused(refusal)
        }
        let onEnd = response.onEnd
        var status = response.status
        do {
            let isKeepAlive = try await send(&response)
            status = response.status
            await link.wait(for: .answered)
            ended(onEnd, status, link.isAnswered ? .complete : .clientGone)
            return isKeepAlive
        } catch let failure as BodyWriter.SourceFailure where !Task.isCancelled && !link.isClosed {
            status = response.status
            ended(onEnd, status, .broken(failure.cause))
            // What has been sent so far goes out, then FIN: the client resumes, here or elsewhere.
            try await outbound.write(.abort)
            return false
        } catch {
            // A client that has everything may close before this task hears that all is sent.
            ended(onEnd, status, link.isAnswered ? .complete : .clientGone)
            throw error
        }
    }

    private func isRead(_ body: RequestBody, _ response: HTTPResponse) async -> Bool {
        // An answer that comes bit by bit may be about the body, and read it meanwhile.
        if case .stream = response.body { return body.isOver }
        return await body.drain()
    }

    /// Sends an answer. Where its body cannot begin, sends an error instead, and changes `response` to it.
    private func send(_ response: inout HTTPResponse) async throws -> Bool {
        let writer = BodyWriter(
            outbound: outbound, link: link, warmer: server.warmer, regionSize: server.limits.regionSize,
            chunks: connection.isSecure ? ChunkReader(pool: server.warmer.pool) : nil, pace: response.pace)
        guard case .blob(let blob) = response.body else { return try await sendPlain(response, writer) }
        defer { blob.reader.close() }
        try Task.checkCancellation()
        let head = head(response)
        guard head.sendsBody else { return try await sendHead(head) }
        let start: BodyWriter.Start
        do {
            start = try await writer.start(blob)
        } catch let failure as BodyWriter.SourceFailure where !Task.isCancelled {
            log(.info, "a body could not begin", ["reason": "\(failure.cause)"])
            response = refused(HTTPRefusal(.bodyUnavailable, "the blob's bytes cannot be had: \(failure.cause)"))
            return try await sendPlain(response, writer)
        }
        try await outbound.write(.head(head.head))
        try await writer.write(blob, from: start)
        try await outbound.write(.end(isKeepAlive: head.isKeepAlive))
        return head.isKeepAlive
    }

    private func sendPlain(_ response: HTTPResponse, _ writer: BodyWriter) async throws -> Bool {
        let head = head(response)
        guard head.sendsBody else { return try await sendHead(head) }
        switch response.body {
        case .stream(let stream, let length):
            try await outbound.write(.head(head.head))
            try await writer.write(stream, length: length)
            try await outbound.write(.end(isKeepAlive: head.isKeepAlive))
        case .bytes(let bytes) where !bytes.isEmpty:
            response.pace?.charge(bytes.count)
            link.writeQueued()
            try await outbound.write(contentsOf: [
                .head(head.head), .bytes(ByteBuffer(bytes: bytes)), .end(isKeepAlive: head.isKeepAlive),
            ])
        case .none, .bytes, .blob:
            return try await sendHead(head)
        }
        return head.isKeepAlive
    }

    private func sendHead(_ head: ResponseHead) async throws -> Bool {
        try await outbound.write(contentsOf: [.head(head.head), .end(isKeepAlive: head.isKeepAlive)])
        return head.isKeepAlive
    }

    private func head(_ response: HTTPResponse) -> ResponseHead {
        ResponseHead(
            response, to: request, mayKeepAlive: refusal == nil && !link.isDraining && !response.closes, date: .now)
    }

    private func refused(_ refusal: HTTPRefusal) -> HTTPResponse {
        server.responder.refuse(refusal)
    }

    // MARK: Telling how it went

    private func ended(
        _ onEnd: (@Sendable (HTTPOutcome) -> Void)?, _ status: HTTPResponseStatus, _ end: HTTPOutcome.End
    ) {
        let outcome = HTTPOutcome(end: end, status: status, bytes: link.bytes, duration: began.duration(to: .now))
        onEnd?(outcome)
        switch end {
        case .complete: log(.debug, "answered", metadata(outcome))
        case .clientGone: log(.debug, "the client went away", metadata(outcome))
        case .broken(let error):
            var metadata = metadata(outcome)
            metadata["reason"] = "\(error)"
            log(error is ArrivalStopped ? .debug : .warning, "an answer ended short: its source failed", metadata)
        }
    }

    private func metadata(_ outcome: HTTPOutcome) -> Logger.Metadata {
        [
            "status": "\(outcome.status.code)", "bytes": "\(outcome.bytes)",
            "ms": "\(Int(outcome.duration / .milliseconds(1)))",
        ]
    }

    private func log(_ level: Logger.Level, _ message: Logger.Message, _ extra: @autoclosure () -> Logger.Metadata) {
        guard server.logger.logLevel <= level else { return }
        var metadata = extra()
        metadata["request_id"] = "\(request?.id ?? connection.id)"
        metadata["from"] = "\(connection.remoteAddress?.ipAddress ?? "unix")"
        // A query may be long, and names no secret here; a refused request has no line to show.
        metadata["line"] = "\(request.map { "\($0.method.rawValue) \($0.target.prefix(512))" } ?? "-")"
        server.logger.log(level: level, message, metadata: metadata)
    }
}
