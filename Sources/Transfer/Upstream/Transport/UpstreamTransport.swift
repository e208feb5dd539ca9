internal import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOSSL

/// Sends one request on behalf of a registry, and follows it through redirects.
///
/// Connections to hosts that the operator did not name are dropped as soon as they turn out to lead to loopback or link-local
/// addresses, whatever the name says. `Authorization` stays with the origin that it is for.
struct UpstreamTransport: Sendable {
    /// What bounds a request; tests shorten it.
    struct Limits: Sendable {
        var connect: TimeAmount = .seconds(2)
        /// Silence of a server that owes bytes.
        var idle: TimeAmount = .seconds(30)
        /// Host names that resolve to what a test wants.
        var resolving: [String: String] = [:]
    }

    /// What is asked for: long bodies must not keep short questions waiting for a connection.
    enum Purpose: CaseIterable { case question, blob }

    private enum Reach: CaseIterable { case named, anywhere }

    private struct Pool: Hashable {
        var reach: Reach
        var purpose: Purpose
    }

    struct Request: Sendable {
        var method: HTTPMethod = .GET
        var url: URL
        var headers = HTTPHeaders()
        /// For the origin of `url` only.
        var authorization: Secret?
        /// The body of a POST, `application/x-www-form-urlencoded`. It goes nowhere but to `url`.
        var form: Secret?
        var purpose = Purpose.question
    }

    struct Response: Sendable {
        var head: HTTPClientResponse
        /// No redirect led to another origin: it is the word of who was asked.
        var isFromAsked: Bool

        var status: Int { Int(head.status.code) }
        func header(_ name: String) -> String? { head.headers.first(name: name) }
    }

    private static let receiveBuffer = 256 << 10
    private static let redirects = 5
    /// What is read of a body nobody wants, so that its connection can be used again.
    private static let discarded = 16 << 10
    private static let discardTime: Duration = .milliseconds(500)

    /// Requests to a registry at once are fewer than there are connections: what waits, waits here and not in the client.
    let slots: RequestSlots
    private let clients: [Pool: HTTPClient]
    private let userAgent: String
    private let trustRoots = TrustRoots()

    init(group: any EventLoopGroup, connectionsPerRegistry: Int, userAgent: String, limits: Limits) {
        self.userAgent = userAgent
        let questions = max(1, connectionsPerRegistry / 4)
        let connections: [Purpose: Int] = [
            .question: questions, .blob: max(1, connectionsPerRegistry - questions),
        ]
        slots = RequestSlots(limits: connections)
        var clients: [Pool: HTTPClient] = [:]
        for reach in Reach.allCases {
            for purpose in Purpose.allCases {
                var configuration = Self.configuration(limits, isGuarded: reach == .anywhere)
                configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit =
                    RequestSlots.most * (connections[purpose] ?? 1)
                clients[Pool(reach: reach, purpose: purpose)] = HTTPClient(
                    eventLoopGroupProvider: .shared(group), configuration: configuration)
            }
        }
        self.clients = clients
    }

    private static func configuration(_ limits: Limits, isGuarded: Bool) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: limits.connect), decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.idleTimeout = .seconds(60)
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.dnsOverride = limits.resolving
        let idle = limits.idle
        configuration.http1_1ConnectionDebugInitializer = { channel in
            channel.eventLoop.submit {
                if isGuarded {
                    guard let address = channel.remoteAddress, !AddressRules.isForbidden(address) else {
                        channel.close(promise: nil)
                        throw TransportFailure.forbiddenAddress
                    }
                }
                try SilenceHandler(limit: idle).add(to: channel)
                // Large receive buffers of a fixed size halve the cost of a body.
                try channel.syncOptions?.setOption(
                    .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.receiveBuffer))
            }
        }
        return configuration
    }

    func shutdown() async {
        for client in clients.values { try? await client.shutdown() }
    }

    /// - Returns: the first answer that is no redirect.
    func send(_ request: Request, to endpoint: Endpoint, by end: ContinuousClock.Instant) async throws(TransportFailure)
        -> Response
    {
        let tls = try endpoint.caFile.map { file throws(TransportFailure) in
            try trustRoots.configuration(trusting: file)
        }
        var trail = RedirectTrail(limit: Self.redirects)
        var url = request.url
        var isFromAsked = true
        while true {
            let origin = try trail.visit(url, endpoint)
            isFromAsked = isFromAsked && origin == trail.first
            var message = HTTPClientRequest(url: url.absoluteString)
            message.method = request.method
            message.headers = request.headers
            message.headers.replaceOrAdd(name: "User-Agent", value: userAgent)
            // A blob's bytes are its digest's; what is encoded on the way is not what was asked for.
            message.headers.replaceOrAdd(name: "Accept-Encoding", value: "identity")
            message.tlsConfiguration = tls
            if isFromAsked, let authorization = request.authorization {
                message.headers.replaceOrAdd(name: "Authorization", value: authorization.value)
            }
            if let form = request.form {
                message.headers.replaceOrAdd(name: "Content-Type", value: "application/x-www-form-urlencoded")
                message.body = .bytes(Array(form.value.utf8))
            }
            let pool = Pool(reach: endpoint.isNamed(origin) ? .named : .anywhere, purpose: request.purpose)
            let head: HTTPClientResponse
            do {
                head = try await execute(message, pool, by: end)
            } catch {
                var failure = error
                failure.isOfAnotherHost = !isFromAsked
                throw failure
            }
            let response = Response(head: head, isFromAsked: isFromAsked)
            guard [301, 302, 303, 307, 308].contains(response.status), let location = response.header("Location")
            else { return response }
            guard request.form == nil else {
                throw TransportFailure(.nonsense, "it redirects a POST, which would carry a secret elsewhere")
            }
            guard let next = URL(string: location, relativeTo: url)?.absoluteURL else {
                throw TransportFailure(.nonsense, "it redirects to what is no URL")
            }
            await discard(response, by: end)
            url = next
        }
    }

    /// Sends a message; once more where a connection from the pool turned out to be closed.
    ///
    /// Registries that lead to the same host share its connections: who got none there in the client's short time asks again.
    private func execute(
        _ message: HTTPClientRequest, _ pool: Pool, by end: ContinuousClock.Instant
    ) async throws(TransportFailure) -> HTTPClientResponse {
        guard let client = clients[pool] else { throw TransportFailure(.cancelled, "the request was cancelled") }
        var mayRepeat = message.method != .POST
        while true {
            let left = max(.zero, min(ContinuousClock.now.duration(to: end), .seconds(3600)))
            do {
                return try await client.execute(message, deadline: .now() + TimeAmount(left))
            } catch {
                let failure = TransportFailure(error)
                if failure.kind == .crowded, ContinuousClock.now < end, !Task.isCancelled { continue }
                guard failure.kind == .closed, mayRepeat else { throw failure }
                mayRepeat = false
            }
        }
    }

    /// Reads a short body to its end, so that the connection can be used again; a long one costs the connection.
    func discard(_ response: Response, by end: ContinuousClock.Instant) async {
        let end = min(end, .now.advanced(by: Self.discardTime))
        _ = try? await withDeadline(end) { try await response.head.body.collect(upTo: Self.discarded) }
    }
}

extension TransportFailure {
    /// A connection led, or would lead, where only the operator may send the agent.
    static let forbiddenAddress = TransportFailure(
        .notAllowed, "it leads to a loopback or link-local address, where only an [upstream] table may send the agent")
}
