public import Gateway
import NIOHTTP1
import OCI

/// The admin endpoint: what the command line, Prometheus and probes ask. It reads and changes nothing.
public struct AdminResponder: HTTPResponder {
    private let source: any AdminSource
    private let access: AdminAccess

    /// - Parameter access: what the listener that this answers for is.
    public init(source: any AdminSource, access: AdminAccess) {
        self.source = source
        self.access = access
    }

    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        guard access.admits(host: request.headers.first(name: "Host")) else {
            return .problem(
                .forbidden,
                "this address answers to loopback names only, such as localhost; set admin.listen for others")
        }
        guard let route = AdminRoute(rawValue: request.path) else {
            return .problem(.notFound, "there is nothing at this path; try \(AdminRoute.status.rawValue)")
        }
        guard request.method == .GET || request.method == .HEAD else {
            return .problem(.methodNotAllowed, "this can only be read", headers: ["Allow": "GET, HEAD"])
        }
        var response = await answer(route, query: request.query)
        response.headers.replaceOrAdd(name: "Cache-Control", value: "no-store")
        return response
    }

    private func answer(_ route: AdminRoute, query: String?) async -> HTTPResponse {
        switch route {
        case .status: .json(await source.status())
        case .peers: .json(PeersSnapshot(peers: await source.status().peers))
        case .transfers: .json(TransfersSnapshot(transfers: await source.status().transfers))
        case .locate: await locate(query)
        case .metrics:
            .text(MetricsText(await source.status()).description, type: "text/plain; version=0.0.4; charset=utf-8")
        case .health: .text("ok\n")
        case .readiness:
            switch await source.readiness() {
            case .ready: .text("ready\n")
            case .notReady(let reason): .problem(.serviceUnavailable, reason)
            }
        }
    }

    private func locate(_ query: String?) async -> HTTPResponse {
        do {
            guard let text = try Query(query).value(of: "q"), !text.isEmpty else {
                return .problem(.badRequest, "name an image or a digest: \(AdminRoute.locate.rawValue)?q=nginx")
            }
            return .json(await source.locate(try LocateQuery(text)))
        } catch {
            return .problem(.badRequest, error.message)
        }
    }
}

/// The paths of the admin endpoint.
public enum AdminRoute: String, Sendable, CaseIterable {
    case status = "/api/v1/status"
    case peers = "/api/v1/peers"
    case transfers = "/api/v1/transfers"
    case locate = "/api/v1/locate"
    case metrics = "/metrics"
    case health = "/healthz"
    case readiness = "/readyz"
}

extension HTTPResponse {
    fileprivate static func text(_ text: String, type: String = "text/plain; charset=utf-8") -> HTTPResponse {
        HTTPResponse(status: .ok, headers: ["Content-Type": type], body: .bytes(Array(text.utf8)))
    }
}
