public import Gateway
public import NIOHTTP1
import OCI

/// The admin endpoint: what the command line, Prometheus and probes ask. What changes something goes over the socket only.
public struct AdminResponder: HTTPResponder {
    let source: any AdminSource
    let access: AdminAccess
    private let verifier: (any Verifying)?
    private let puller: (any Pulling)?
    let shelf: (any ImageShelving)?
    let archives: (any Archiving)?
    let story: (any Storytelling)?
    let streams = LiveStreams()

    /// - Parameters:
    ///   - access: what the listener that this answers for is.
    ///   - verifier: reads blobs again for whoever asks over the socket.
    ///   - puller: brings images for whoever asks over the socket.
    ///   - shelf: tells of images, and handles them for whoever asks over the socket.
    ///   - archives: loads and saves archives for whoever asks over the socket.
    ///   - story: tells of past pulls, and of what happens.
    public init(
        source: any AdminSource, access: AdminAccess, verifier: (any Verifying)? = nil,
        puller: (any Pulling)? = nil, shelf: (any ImageShelving)? = nil, archives: (any Archiving)? = nil,
        story: (any Storytelling)? = nil
    ) {
        self.source = source
        self.access = access
        self.verifier = verifier
        self.puller = puller
        self.shelf = shelf
        self.archives = archives
        self.story = story
    }

    /// An archive is read as it comes; nobody else has anything to send.
    public func streamsBody(of method: HTTPMethod, path: String) -> Bool {
        access == .socket && method == .POST && path == AdminRoute.load.rawValue
    }

    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        guard access.admits(host: request.headers.first(name: "Host")) else {
            return .problem(
                .forbidden,
                "this address answers to loopback names only, such as localhost; set admin.listen for others")
        }
        guard let route = AdminRoute(rawValue: request.path) else {
            return .problem(
                .notFound,
                "there is nothing at this path; try \(AdminRoute.status.rawValue), or \(AdminRoute.dashboard.rawValue) in a browser"
            )
        }
        // Who follows a link to the dashboard may; what the page asks for then is of its own site.
        if access == .loopback, route != .dashboard, let objection = WebPageRule.objection(to: request.headers) {
            return .problem(.forbidden, objection)
        }
        guard route.methods.contains(request.method) else {
            let methods = route.methods.map(\.rawValue).joined(separator: ", ")
            return .problem(.methodNotAllowed, "only \(methods) is answered here", headers: ["Allow": methods])
        }
        var response = await answer(route, request)
        if !response.headers.contains(name: "Cache-Control") {
            response.headers.add(name: "Cache-Control", value: "no-store")
        }
        return response
    }

    private func answer(_ route: AdminRoute, _ request: HTTPRequest) async -> HTTPResponse {
        let query = request.query
        return switch route {
        case .dashboard: dashboard(request)
        case .live: live()
        case .status: .json(await source.status())
        case .peers: .json(PeersSnapshot(peers: await source.status().peers))
        case .transfers: .json(TransfersSnapshot(transfers: await source.status().transfers))
        case .locate: await locate(query)
        case .verify: await verify(query)
        case .pull: pull(query)
        case .images: await images()
        case .tag, .remove, .pin, .collect: await change(route, query)
        case .load: load(request)
        case .save: await save(query)
        case .journal: await journal(query)
        case .explain: await explain(query)
        case .events: events(request)
        case .history: await history()
        case .metrics: await metrics()
        case .health: .text("ok\n")
        case .readiness:
            switch await source.readiness() {
            case .ready: .text("ready\n")
            case .notReady(let reason): .problem(.serviceUnavailable, reason)
            }
        }
    }

    private func verify(_ query: String?) async -> HTTPResponse {
        guard access == .socket, let verifier else {
            return .problem(.forbidden, "this goes over the agent's Unix socket only; run 'shoal verify' on the node")
        }
        do {
            switch await verifier.verify(try VerifyQuery(try Query(query).value(of: "q"))) {
            case .begun(let events): return .lines(events)
            case .busy:
                return .problem(.conflict, "another verification is running; wait for it, or end it with Ctrl-C there")
            case .notHeld: return .problem(.notFound, "nothing of it is on this node")
            }
        } catch {
            return .problem(.badRequest, "\(error)")
        }
    }

    private func pull(_ query: String?) -> HTTPResponse {
        guard access == .socket, let puller else {
            return .problem(.forbidden, "this goes over the agent's Unix socket only; run 'shoal pull' on the node")
        }
        do {
            switch puller.pull(try PullQuery(Query(query))) {
            case .begun(let events): return .lines(events)
            case .busy:
                return .problem(
                    .conflict,
                    "\(ImagePuller.limit) pulls are running already; wait for one, or end it with Ctrl-C there")
            }
        } catch {
            return .problem(.badRequest, "\(error)")
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
    case dashboard = "/"
    case live = "/api/v1/live"
    case status = "/api/v1/status"
    case peers = "/api/v1/peers"
    case transfers = "/api/v1/transfers"
    case locate = "/api/v1/locate"
    case verify = "/api/v1/verify"
    case pull = "/api/v1/pull"
    case images = "/api/v1/images"
    case tag = "/api/v1/tag"
    case remove = "/api/v1/remove"
    case pin = "/api/v1/pin"
    case collect = "/api/v1/collect"
    case load = "/api/v1/load"
    case save = "/api/v1/save"
    case journal = "/api/v1/journal"
    case explain = "/api/v1/explain"
    case events = "/api/v1/events"
    case history = "/api/v1/history"
    case metrics = "/metrics"
    case health = "/healthz"
    case readiness = "/readyz"

    /// What may be done there.
    var methods: [HTTPMethod] {
        switch self {
        case .verify, .pull, .load, .tag, .remove, .pin, .collect: [.POST]
        case .save: [.GET]
        default: [.GET, .HEAD]
        }
    }
}

extension HTTPResponse {
    /// An object a line, as things happen.
    static func lines(_ events: AsyncStream<some Encodable & Sendable>) -> HTTPResponse {
        HTTPResponse(
            status: .ok, headers: ["Content-Type": "application/x-ndjson"],
            body: .stream(EventLines(events: events), length: nil))
    }

    static func text(_ text: String, type: String = "text/plain; charset=utf-8") -> HTTPResponse {
        HTTPResponse(status: .ok, headers: ["Content-Type": type], body: .bytes(Array(text.utf8)))
    }
}
