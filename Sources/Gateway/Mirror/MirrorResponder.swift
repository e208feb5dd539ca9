import NIOCore
public import NIOHTTP1
public import OCI

/// The mirror's end points: the distribution specification, pushes for the local namespace only.
///
/// Decisions that the specification leaves open:
/// - HEAD answers as GET would, but `Range` is ignored on it, as RFC 9110 §14.2 wants.
/// - A manifest asked for by digest is answered whatever `Accept` says, since there is one such manifest; by tag only if its
///   type is accepted, else 404, as registries do.
/// - Never 401 and never 429: runtimes take those for the upstream's. Too much to do is 503 with `Retry-After`. 401 is for those
///   alone who have to be a user of `push.htpasswd` (``PushRule``).
public struct MirrorResponder: HTTPResponder {
    let backend: any MirrorBackend
    let pushes: (any PushBackend)?
    let audience: MirrorAudience
    private let hosts: HostRule
    let access: PushAccess
    private let isConfiguredUpstream: @Sendable (RegistryName) -> Bool
    private let observe: @Sendable (MirrorRecord) -> Void

    /// - Parameters:
    ///   - pushes: takes what is pushed; nil: nothing is.
    ///   - allowsRemote: whether other hosts may ask, by whatever name.
    ///   - users: who may push from other hosts; nil: nobody.
    ///   - isConfiguredUpstream: whether a name without a dot is a registry of the configuration.
    ///   - observe: told once for every request, when its answer is over.
    public init(
        backend: any MirrorBackend, pushes: (any PushBackend)? = nil, audience: MirrorAudience, allowsRemote: Bool,
        users: (any PushUsers)? = nil,
        isConfiguredUpstream: @escaping @Sendable (RegistryName) -> Bool,
        observe: @escaping @Sendable (MirrorRecord) -> Void = { _ in }
    ) {
        self.backend = backend
        self.pushes = pushes
        self.audience = audience
        hosts = HostRule(allowsRemote: allowsRemote)
        access = PushAccess(users: users)
        self.isConfiguredUpstream = isConfiguredUpstream
        self.observe = observe
    }

    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        if let refusal = await access.refusal(of: request) { return observed(refusal, .other, request) }
        var subject = MirrorRecord.Subject.other
        var response: HTTPResponse
        do {
            if let objection = hosts.objection(to: request.headers) {
                throw DistributionError(code: .denied, message: objection)
            }
            let address = try MirrorAddress(
                path: request.path, query: request.query, audience: audience, isConfiguredUpstream: isConfiguredUpstream
            )
            subject = address.subject
            response = try await answer(request, address)
        } catch let refusal as HTTPRefusal {
            response = refuse(refusal)
        } catch {
            response = .distributionError(Self.told(error, about: subject))
            if let failure = error as? MirrorFailure, case .rangeUnsatisfiable(let size) = failure.code {
                response.headers.add(name: "Content-Range", value: ContentRange.unsatisfied(size: size))
            }
        }
        response.headers.replaceOrAdd(name: "Docker-Distribution-API-Version", value: "registry/2.0")
        return observed(response, subject, request)
    }

    private func observed(
        _ response: HTTPResponse, _ subject: MirrorRecord.Subject, _ request: HTTPRequest
    ) -> HTTPResponse {
        var response = response
        let observe = observe
        response.onEnd = { outcome in
            observe(MirrorRecord(subject: subject, method: request.method, outcome: outcome, requestID: request.id))
        }
        return response
    }

    /// Layers are large; manifests, with up to 4 MiB, are gathered by their own limit.
    public func streamsBody(of method: HTTPMethod, path: String) -> Bool {
        method == .PUT || method == .POST || method == .PATCH
    }

    public func refuse(_ refusal: HTTPRefusal) -> HTTPResponse {
        let code: DistributionError.Code =
            switch refusal.reason {
            case .malformed, .targetTooLong, .headerTooLarge, .tooSlow, .bodyBrokenOff, .expectationUnknown,
                .methodUnknown,
                .versionUnsupported:
                .unsupported
            case .bodyTooLarge: .sizeInvalid
            case .tooManyConnections, .tooManyRequests: .unavailable
            // The client asks elsewhere, or upstream.
            case .bodyUnavailable: .blobUnknown
            }
        let status = refusal.reason == .bodyUnavailable ? 404 : Int(refusal.reason.status.code)
        return .distributionError(DistributionError(code: code, message: refusal.message, status: status))
    }

    private func answer(_ request: HTTPRequest, _ address: MirrorAddress) async throws -> HTTPResponse {
        let methods = address.route.methods(takesPushes: pushes != nil)
        guard methods.contains(request.method) else {
            var response = HTTPResponse.distributionError(
                DistributionError(code: .unsupported, message: "\(request.method.rawValue) is not answered here"))
            response.headers.add(name: "Allow", value: methods.map(\.rawValue).joined(separator: ", "))
            return response
        }
        if request.method != .GET && request.method != .HEAD || address.route.isUpload {
            return try await push(request, address)
        }
        guard let place = address.place else {
            return HTTPResponse(
                status: .ok, headers: ["Content-Type": "application/json"], body: .bytes(Array("{}".utf8)))
        }
        switch address.route {
        case .manifest(_, let reference):
            return try await manifest(reference, place, address.form, request)
        case .blob(_, let digest):
            return try await blob(digest, place, address.form, request)
        case .tags(_, let count, let last):
            return list(
                try await backend.tags(
                    in: place, authorization: access.authorization(of: request), count: count, last: last))
        case .referrers(_, let digest, let artifactType):
            return list(
                try await backend.referrers(
                    to: digest, in: place, authorization: access.authorization(of: request),
                    artifactType: artifactType, continuation: try Self.continuation(request)))
        case .base, .uploads, .upload:
            throw DistributionError(code: .nameUnknown, message: "path is no end point of the distribution API")
        }
    }

    /// Where a list goes on, in the words of whoever linked its next page: the query without what is known of it.
    private static func continuation(_ request: HTTPRequest) throws(DistributionError) -> String? {
        let known = ["ns", "artifactType"]
        let rest = (request.query ?? "").split(separator: "&").filter { pair in
            !known.contains { pair == $0 || pair.hasPrefix($0 + "=") }
        }
        guard !rest.isEmpty else { return nil }
        let text = rest.joined(separator: "&")
        guard text.utf8.count <= 1024 else {
            throw DistributionError(
                code: .unsupported, message: "the query is too long; take it from the Link header", status: 400)
        }
        return text
    }

    private func list(_ list: MirrorList) -> HTTPResponse {
        var headers: HTTPHeaders = ["Content-Type": list.mediaType]
        for (name, value) in list.headers { headers.add(name: name, value: value) }
        return HTTPResponse(status: .ok, headers: headers, body: .bytes(list.body))
    }

    /// What the client is told of an error.
    static func told(_ error: any Error, about subject: MirrorRecord.Subject) -> DistributionError {
        switch error {
        case let error as MirrorFailure:
            switch error.code {
            case .notFound: return DistributionError(code: subject.unknown, message: error.message)
            case .busy: return DistributionError(code: .unavailable, message: error.message)
            case .rangeUnsatisfiable: return DistributionError(code: .rangeInvalid, message: error.message)
            }
        case let error as DistributionError:
            switch error.status {
            case 401, 407: return DistributionError(code: subject.unknown, message: error.message, detail: error.detail)
            case 429: return DistributionError(code: .unavailable, message: error.message, detail: error.detail)
            default: return error
            }
        default:
            return DistributionError(code: subject.unknown, message: "it cannot be had through this mirror: \(error)")
        }
    }
}

extension HTTPResponse {
    /// An error in the form of the distribution specification.
    static func distributionError(_ error: DistributionError) -> HTTPResponse {
        var headers: HTTPHeaders = ["Content-Type": "application/json"]
        if error.status == 503 { headers.add(name: "Retry-After", value: "1") }
        return HTTPResponse(status: .init(statusCode: error.status), headers: headers, body: .bytes(error.json))
    }
}

extension DistributionRoute {
    var isUpload: Bool {
        switch self {
        case .uploads, .upload: true
        default: false
        }
    }

    /// What may be done there.
    func methods(takesPushes: Bool) -> [HTTPMethod] {
        guard takesPushes else { return isUpload ? [] : [.GET, .HEAD] }
        return switch self {
        case .base, .tags, .referrers: [.GET, .HEAD]
        case .manifest: [.GET, .HEAD, .PUT, .DELETE]
        case .blob: [.GET, .HEAD, .DELETE]
        case .uploads: [.POST]
        case .upload: [.GET, .HEAD, .PATCH, .PUT, .DELETE]
        }
    }
}

extension MirrorAddress {
    var subject: MirrorRecord.Subject {
        guard let place else { return .other }
        return switch route {
        case .manifest(_, let reference): .manifest(reference, place)
        case .blob(_, let digest): .blob(digest, place)
        case .tags: .tags(place)
        case .referrers(_, let digest, _): .referrers(digest, place)
        case .base, .uploads, .upload: .other
        }
    }
}

extension MirrorRecord.Subject {
    /// The specification's word for "not here".
    var unknown: DistributionError.Code {
        switch self {
        case .manifest, .referrers: .manifestUnknown
        case .blob: .blobUnknown
        case .tags, .other: .nameUnknown
        }
    }
}
