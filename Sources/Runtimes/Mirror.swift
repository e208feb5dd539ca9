public import OCI

/// The agent's mirror as a runtime's configuration names it, and how the registries behind it are reached.
public struct Mirror: Sendable {
    /// `host:port`, an IPv6 address in brackets.
    public var authority: String
    /// For registries that are reached otherwise than at `https://` and their name: the URL.
    public var upstreams: [RegistryName: String]

    /// - Parameters:
    ///   - authority: `host:port` of the listener that the runtime is to ask.
    ///   - upstreams: `upstream.*.url` of the agent's configuration.
    public init(authority: String, upstreams: [RegistryName: String] = [:]) {
        self.authority = authority
        self.upstreams = upstreams
    }

    /// `http://host:port`
    public var url: String { "http://\(authority)" }

    /// Where a registry itself answers.
    func server(of registry: RegistryName) -> String {
        if let url = upstreams[registry] { return url }
        return registry == .dockerHub ? "https://registry-1.docker.io" : "https://\(registry)"
    }
}

/// The registries that one mirror can be written for.
public enum RegistryChoice: Sendable, Equatable {
    /// These.
    case named([RegistryName])
    /// All, in the way that the runtime has for it; where it has none, ``wellKnown``.
    case all

    /// The public registries that most images come from: what "all" means to runtimes that want every registry named.
    public static let wellKnown: [RegistryName] = [
        "docker.io", "gcr.io", "ghcr.io", "mcr.microsoft.com", "public.ecr.aws", "quay.io", "registry.k8s.io",
    ].compactMap { try? RegistryName($0) }

    /// Every registry by name.
    var names: [RegistryName] {
        switch self {
        case .named(let names): names
        case .all: Self.wellKnown
        }
    }
}
