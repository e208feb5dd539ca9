import Discovery
import Integrity
import NIOCore
import NIOHTTP1
import OCI
public import TLS

/// The peer end points: blobs that are offered or arriving, their chains, the inventory, and who this node is.
///
/// What a web page makes a browser ask is refused. With a cluster key every request but `/v1/node` must be signed; documents prove the
/// answerer to whoever sends a `Shoal-Challenge`. Errors are `application/problem+json`.
public struct PeerResponder: HTTPResponder {
    /// A nonce is a line of a header; longer ones are nobody's.
    private static let maximumChallengeSize = 256

    /// Inventories and chains that may be on their way out at once, each up to some megabytes in memory: in all and to one address. Who
    /// takes them as they come has each for some milliseconds.
    static let documentLimit = (total: 128, perAddress: 16)

    let backend: any PeerBackend
    let waits: AddressPlaces
    let documents = AddressPlaces(total: documentLimit.total, perAddress: documentLimit.perAddress)
    private let gate: (any PeerGate)?
    private let troubles: TLSTroubles?
    private let observe: @Sendable (PeerRecord) -> Void

    /// - Parameters:
    ///   - gate: nil without a cluster key: everybody may ask for what is offered.
    ///   - waits: how many may wait for what is on its way here.
    ///   - troubles: told of nodes whose certificate is another one's.
    ///   - observe: told once for every request, when its answer is over.
    public init(
        backend: any PeerBackend, gate: (any PeerGate)?, waits: WaitLimits = WaitLimits(),
        troubles: TLSTroubles? = nil,
        observe: @escaping @Sendable (PeerRecord) -> Void = { _ in }
    ) {
        self.backend = backend
        self.gate = gate
        self.waits = AddressPlaces(total: waits.total, perAddress: waits.perAddress)
        self.troubles = troubles
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
        // No peer sends these fields. A page whose own name leads here sends none either: it is a stranger like others.
        if let objection = WebPageRule.objection(to: request.headers) { return .problem(.forbidden, objection) }
        var signer: NodeID?
        if route != .node, let gate {
            let verdict = gate.verdict(
                authorization: request.headers.first(name: "Authorization"), method: request.method.rawValue,
                target: request.target, range: request.headers.first(name: "Range"))
            switch verdict {
            case .holder(let node): signer = node
            case .refused(let objection):
                return .problem(
                    .unauthorized, objection, headers: ["WWW-Authenticate": "Shoal", "Shoal-Nonce": gate.challenge()])
            }
        }
        if let certified = request.certifiedNode, let impostor = PeerAsker.impostor(request, signer: signer) {
            troubles?.note(
                .otherNode(certified: certified, claimed: impostor), at: request.remoteAddress?.ipAddress)
            return .problem(
                .forbidden, "the certificate is node \(certified)'s, and the request says that it is node \(impostor)'s"
            )
        }
        let asker = PeerAsker(request, signer: signer)
        switch route {
        case .blob(let digest):
            return await blob(digest, request, asker)
        case .pieces(let digest, let began, let since):
            guard let report = backend.pieceReport(of: digest, began: began, since: since, asker: asker.node) else {
                return .problem(.notFound, "\(digest) is not arriving here")
            }
            return proven(.json(report, headers: ["Cache-Control": "no-store"]), to: request)
        case .chain(let digest):
            return await document(to: asker) {
                guard let chain = await backend.chain(of: digest) else {
                    return .problem(.notFound, "no hash chain of \(digest) is known here")
                }
                let response = HTTPResponse(
                    status: .ok, headers: ["Content-Type": HashChain.mediaType], body: .bytes(chain))
                return proven(response, to: request)
            }
        case .inventory(let epoch, let since, let next):
            return await document(to: asker) {
                let page = backend.inventoryPage(epoch: epoch, since: since, next: next)
                let response = HTTPResponse.json(page, headers: ["Cache-Control": "no-store"])
                return proven(response.compressed(for: request), to: request)
            }
        case .node:
            var response = HTTPResponse.json(backend.nodeDocument(), headers: ["Cache-Control": "no-store"])
            if let gate { response.headers.add(name: "Shoal-Nonce", value: gate.challenge()) }
            return proven(response, to: request)
        }
    }

    /// An answer that is held in memory until it is out, where there is a place for it.
    private func document(to asker: PeerAsker, _ make: () async -> HTTPResponse) async -> HTTPResponse {
        guard let place = documents.enter(asker.address) else {
            return .problem(
                .serviceUnavailable, "as many inventories and chains are being sent as may be; ask again soon",
                headers: ["Retry-After": "1"])
        }
        var response = await make()
        response.onEnd = { _ in withExtendedLifetime(place) {} }
        return response
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
        case .pieces(let digest, _, _): .pieces(digest)
        case .chain(let digest): .chain(digest)
        case .inventory: .inventory
        case .node: .node
        }
    }
}
