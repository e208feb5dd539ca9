public import Logging
public import NIOCore
public import OCI
import Synchronization

/// The client of upstream registries (OCI distribution-spec 1.1).
///
/// Bounds: connecting takes 2 s at most, the head of an answer, and a small body, the deadline given; silence in a blob's body 30 s,
/// a manifest or list 4 MiB, redirects five. A registry that could not be reached is not asked for 30 s.
///
/// Where it goes: to the registry's own host, or the url of its `[upstream]` table, and where that redirects to. Loopback and
/// link-local addresses only where a table names the host; plain HTTP to such a loopback host, and where `plain_http = true`.
public final class UpstreamClient: Sendable {
    let transport: UpstreamTransport
    let credentials: CredentialSource
    let tokens = TokenCache()
    let configuration: UpstreamConfiguration
    let reachability = Mutex(Reachability())
    let retries = RetryPolicy()

    public convenience init(configuration: UpstreamConfiguration, group: any EventLoopGroup, logger: Logger) {
        self.init(configuration: configuration, group: group, limits: UpstreamTransport.Limits(), logger: logger)
    }

    init(
        configuration: UpstreamConfiguration, group: any EventLoopGroup, limits: UpstreamTransport.Limits,
        logger: Logger
    ) {
        self.configuration = configuration
        transport = UpstreamTransport(
            group: group, connectionsPerRegistry: configuration.connectionsPerRegistry,
            userAgent: configuration.userAgent, limits: limits)
        credentials = CredentialSource(configuration: configuration, logger: logger)
    }

    /// Closes all connections; what is running ends with an error. To be called once, before the client goes away.
    public func shutdown() async {
        await transport.shutdown()
    }

    /// Whether the registry could not be reached within the last 30 s, or is just being tried again.
    public func isKnownUnreachable(_ registry: RegistryName) -> Bool {
        reachability.withLock { $0.isKnownUnreachable(registry, now: .now) }
    }

    /// Whether an `[upstream]` table names the registry.
    public func isConfigured(_ registry: RegistryName) -> Bool {
        configuration.registries[registry] != nil
    }
}
