import OCI

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
        self.route = route
        guard let name = route.repository else {
            (place, form) = (nil, .local)
            return
        }
        if let hostWithPort, namespace != nil {
            throw DistributionError(
                code: .nameInvalid,
                message: "the request names two registries: \(hostWithPort) in its path and another one by 'ns'")
        }
        if let namespace {
            (place, form) = (try Self.place(namespace, name), .namespace)
        } else if let hostWithPort {
            (place, form) = (try Self.place(hostWithPort, name), .path)
        } else if let origin = Self.origin(inPath: name, isConfiguredUpstream) {
            (place, form) = (try Self.place(origin.registry, origin.repository), .path)
        } else if audience == .docker {
            (place, form) = (try Self.place(.dockerHub, name), .docker)
        } else {
            (place, form) = (.local(name), .local)
        }
    }

    /// Docker Hub's official images go by one word, and are stored under `library/`.
    private static func place(
        _ registry: RegistryName, _ name: RepositoryName
    ) throws(DistributionError) -> MirrorPlace {
        guard !ImageReference.isLocal(registry) else { return .local(name) }
        guard registry == .dockerHub, name.components.count == 1 else {
            return .registry(Origin(registry: registry, repository: name))
        }
        do {
            return .registry(Origin(registry: registry, repository: try RepositoryName("library/\(name)")))
        } catch {
            throw DistributionError(code: .nameInvalid, message: error.message)
        }
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
        case .manifest(let name, _), .blob(let name, _), .tags(let name, _, _), .referrers(let name, _, _),
            .uploads(let name), .upload(let name, _):
            name
        }
    }
}
