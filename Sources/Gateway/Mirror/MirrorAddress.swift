public import OCI

/// Which clients a mirror listener is for.
public enum MirrorAudience: Sendable {
    /// A bare name is the local namespace's.
    case runtimes
    /// dockerd sends the names of docker.io bare.
    case docker
}

/// A request target read: the end point, and the place that it is about.
struct MirrorAddress: Equatable {
    var route: DistributionRoute
    /// Nil for `/v2/`.
    var place: MirrorPlace?
    var form: MirrorForm

    /// Reads a request target.
    ///
    /// The registry is the `ns` parameter; else the first component of the name where that is a host name with a dot or a port,
    /// or a configured upstream; else the name is docker.io's or the local namespace's, by the listener.
    /// - Throws: what ``DistributionRoute/parse(path:query:)`` throws.
    init(
        path: String, query: String?, audience: MirrorAudience, isConfiguredUpstream: (RegistryName) -> Bool
    ) throws(DistributionError) {
        let (hostWithPort, rest) = try Self.splitHostWithPort(path)
        let (route, namespace) = try DistributionRoute.parse(path: rest, query: query)
        guard let name = route.repository else {
            (self.route, place, form) = (route, nil, .local)
            return
        }
        if let hostWithPort, namespace != nil {
            throw DistributionError(
                code: .nameInvalid,
                message: "the request names two registries: \(hostWithPort) in its path and another one by 'ns'")
        }
        if let namespace {
            try self.init(route, Origin(registry: namespace, repository: name), .namespace)
        } else if let hostWithPort {
            try self.init(route, Origin(registry: hostWithPort, repository: name), .path)
        } else if let origin = Self.origin(inPath: name, isConfiguredUpstream) {
            try self.init(route, origin, .path)
        } else if audience == .docker {
            try self.init(route, Origin(registry: .dockerHub, repository: name), .docker)
        } else {
            (self.route, place, form) = (route, .local(name), .local)
        }
    }

    private init(_ route: DistributionRoute, _ origin: Origin, _ form: MirrorForm) throws(DistributionError) {
        var origin = origin
        if origin.registry == .dockerHub, origin.repository.components.count == 1 {
            do { origin.repository = try RepositoryName("library/\(origin.repository)") } catch {
                throw DistributionError(code: .nameInvalid, message: error.message)
            }
        }
        self.route = route
        self.form = form
        place = .registry(origin)
    }

    /// A repository's name has no colon, so a registry's port must be taken off before the path is read.
    private static func splitHostWithPort(_ path: String) throws(DistributionError) -> (RegistryName?, String) {
        let prefix = "/v2/"
        guard path.hasPrefix(prefix) else { return (nil, path) }
        let rest = path.dropFirst(prefix.count)
        guard let slash = rest.firstIndex(of: "/"), rest[..<slash].contains(":") else { return (nil, path) }
        do {
            return (try RegistryName(rest[..<slash]), prefix + rest[rest.index(after: slash)...])
        } catch {
            throw DistributionError(code: .nameInvalid, message: error.message)
        }
    }

    private static func origin(inPath name: RepositoryName, _ isConfigured: (RegistryName) -> Bool) -> Origin? {
        guard let rest = name.droppingFirstComponent, let host = try? RegistryName(name.firstComponent),
            host.host.contains(".") || isConfigured(host)
        else { return nil }
        return Origin(registry: host, repository: rest)
    }
}

extension DistributionRoute {
    /// The name that a route is about; nil for `/v2/`.
    var repository: RepositoryName? {
        switch self {
        case .base: nil
        case .manifest(let name, _), .blob(let name, _), .tags(let name, _, _), .referrers(let name, _, _), .uploads(let name):
            name
        }
    }
}
