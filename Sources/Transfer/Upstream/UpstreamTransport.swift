internal import AsyncHTTPClient
import FoundationEssentials
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import OCI
import SystemPackage

/// Sends one request to a registry, and follows it through redirects.
///
/// Two clients: one for hosts that the operator named, and one for everything else, whose connections are dropped as soon as they
/// turn out to lead to loopback or link-local addresses. `Authorization` stays with the origin that it is for.
struct UpstreamTransport: Sendable {
    static let connectTimeout: TimeAmount = .seconds(2)
    static let idleTimeout: TimeAmount = .seconds(30)
    static let receiveBuffer = 256 << 10
    static let redirects = 5

    private let named: HTTPClient
    private let guarded: HTTPClient
    let userAgent = "shoal"

    init(group: any EventLoopGroup, connectionsPerRegistry: Int) {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: Self.connectTimeout, read: Self.idleTimeout),
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.idleTimeout = .seconds(60)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connectionsPerRegistry
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.http1_1ConnectionDebugInitializer = { channel in
            channel.setOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.receiveBuffer))
        }
        named = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
        configuration.http1_1ConnectionDebugInitializer = { channel in
            guard let address = channel.remoteAddress, !AddressRules.isForbidden(address) else {
                channel.close(promise: nil)
                return channel.eventLoop.makeFailedFuture(ForbiddenAddress())
            }
            return channel.setOption(
                .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.receiveBuffer))
        }
        guarded = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    }

    func shutdown() async {
        try? await named.shutdown()
        try? await guarded.shutdown()
    }

    struct Request {
        var method: HTTPMethod = .GET
        var url: String
        var headers = HTTPHeaders()
        /// For the origin of `url` only.
        var authorization: Secret?
        var body: [UInt8]?
    }

    /// - Returns: the first answer that is no redirect.
    func send(_ request: Request, to endpoint: Endpoint, deadline: NIODeadline, logger: Logger) async throws -> HTTPClientResponse {
        guard var url = URL(string: request.url), let first = WebOrigin(url) else {
            throw TransportError.redirect("\(request.url) is no URL that can be asked")
        }
        var visited: Set<String> = []
        while true {
            guard let origin = WebOrigin(url) else { throw TransportError.redirect("it leads to \(url.scheme ?? "no scheme")") }
            guard visited.insert(url.absoluteString).inserted, visited.count <= Self.redirects + 1 else {
                throw TransportError.redirect("it leads in a circle, or over more than \(Self.redirects) steps")
            }
            if origin.scheme == "http", !endpoint.allowsPlainHTTP {
                throw TransportError.redirect("it leads to plain HTTP at \(origin.host)")
            }
            let isNamed = endpoint.isConfigured && origin.host == WebOrigin(endpoint.base)?.host
            if !isNamed, AddressRules.isForbidden(host: origin.host) { throw ForbiddenAddress() }
            var message = HTTPClientRequest(url: url.absoluteString)
            message.method = request.method
            message.headers = request.headers
            message.headers.replaceOrAdd(name: "User-Agent", value: userAgent)
            if origin == first, let authorization = request.authorization {
                message.headers.replaceOrAdd(name: "Authorization", value: authorization.value)
            }
            if let body = request.body { message.body = .bytes(body) }
            if isNamed, let caFile = endpoint.caFile {
                var tls = TLSConfiguration.makeClientConfiguration()
                tls.additionalTrustRoots = [.file(caFile.string)]
                message.tlsConfiguration = tls
            }
            let response = try await (isNamed ? named : guarded).execute(message, deadline: deadline, logger: logger)
            guard [301, 302, 303, 307, 308].contains(response.status.code),
                let location = response.headers.first(name: "Location")
            else { return response }
            guard let next = URL(string: location, relativeTo: url) else {
                throw TransportError.redirect("its Location is no URL")
            }
            url = next.absoluteURL
        }
    }
}

/// A connection led to an address that only means something on this machine or link.
struct ForbiddenAddress: Error, CustomStringConvertible {
    var description: String { "it is on loopback or link-local, where only an [upstream] table may send the agent" }
}

enum TransportError: Error, CustomStringConvertible {
    case redirect(String)

    var description: String {
        switch self {
        case .redirect(let why): "a redirect was not followed: \(why)"
        }
    }
}
