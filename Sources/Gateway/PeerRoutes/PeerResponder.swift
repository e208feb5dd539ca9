import NIOHTTP1
import OCI

/// The peer end points: offered blobs, the inventory, and who this node is.
///
/// With a cluster key every request but `/v1/node` must be signed; `/v1/node` and the inventory prove the answerer to whoever
/// sends a `Shoal-Challenge`. Errors are `application/problem+json`.
public struct PeerResponder: HTTPResponder {
    /// A nonce is a line of a header; longer ones are nobody's.
    private static let maximumChallengeSize = 256

    let backend: any PeerBackend
    private let gate: (any PeerGate)?
    private let observe: @Sendable (PeerRecord) -> Void

    /// - Parameters:
    ///   - gate: nil without a cluster key: everybody may ask for what is offered.
    ///   - observe: told once for every request, when its answer is over.
    public init(
        backend: any PeerBackend, gate: (any PeerGate)?, observe: @escaping @Sendable (PeerRecord) -> Void = { _ in }
    ) {
        self.backend = backend
        self.gate = gate
        self.observe = observe
    }

    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        var subject = PeerRecord.Subject.other
        var response: HTTPResponse
        do throws(PeerRoute.Fault) {
            let route = try PeerRoute(path: request.path, query: request.query)
            subject = route.subject
            response = await answer(request, route)
        } catch {
            switch error {
            case .unknownPath:
                response = .problem(.notFound, "this path is no end point of the peer protocol; see docs/protocol.md")
            case .invalid(let message):
                response = .problem(.badRequest, message)
            }
        }
        let (observe, recorded, then) = (observe, subject, response.onEnd)
        response.onEnd = { outcome in
            then?(outcome)
            observe(PeerRecord(subject: recorded, method: request.method, outcome: outcome, requestID: request.id))
        }
        return response
    }

    private func answer(_ request: HTTPRequest, _ route: PeerRoute) async -> HTTPResponse {
        guard request.method == .GET || request.method == .HEAD else {
            return .problem(
                .methodNotAllowed, "\(request.method.rawValue) is not answered here", headers: ["Allow": "GET, HEAD"])
        }
        if route != .node, let gate,
            let objection = gate.objection(
                authorization: request.headers.first(name: "Authorization"), method: request.method.rawValue,
                target: request.target, range: request.headers.first(name: "Range"))
        {
            return .problem(
                .unauthorized, objection, headers: ["WWW-Authenticate": "Shoal", "Shoal-Nonce": gate.challenge()])
        }
        switch route {
        case .blob(let digest):
            return await blob(digest, request)
        case .inventory(let epoch, let since, let next):
            let page = backend.inventoryPage(epoch: epoch, since: since, next: next)
            let response = HTTPResponse.json(page, headers: ["Cache-Control": "no-store"])
            return proven(response.compressed(for: request), to: request)
        case .node:
            var response = HTTPResponse.json(backend.nodeDocument(), headers: ["Cache-Control": "no-store"])
            if let gate { response.headers.add(name: "Shoal-Nonce", value: gate.challenge()) }
            return proven(response, to: request)
        }
    }

    private func proven(_ response: HTTPResponse, to request: HTTPRequest) -> HTTPResponse {
        guard let gate, let nonce = request.headers.first(name: "Shoal-Challenge"),
            case .bytes(let body) = response.body
        else { return response }
        guard nonce.utf8.count <= Self.maximumChallengeSize else {
            return .problem(.badRequest, "Shoal-Challenge is longer than \(Self.maximumChallengeSize) bytes")
        }
        var response = response
        response.headers.add(name: "Shoal-Proof", value: gate.proof(for: nonce, body: body))
        return response
    }
}

extension PeerRoute {
    var subject: PeerRecord.Subject {
        switch self {
        case .blob(let digest): .blob(digest)
        case .inventory: .inventory
        case .node: .node
        }
    }
}
