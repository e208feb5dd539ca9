import CExecutable
import Content
import Discovery
import Gateway
public import Logging
import NIOCore
import NIOPosix
import OCI
import ServiceLifecycle
import SystemPackage
import Transfer
import UnixSignals

#if canImport(Glibc)
    import Glibc
#endif

/// The agent, put together: stores, discovery, transfers and listeners as one group of services.
public struct AgentProgram {
    /// How long a shutdown may take before what still runs is cancelled.
    static let shutdownLimit: Duration = .seconds(40)
    /// How long it may take in all: less than the unit file's TimeoutStopSec, so that the journal says what did not end.
    static let lastResort: Duration = .seconds(44)

    private let configuration: Configuration
    private let service: ServiceEnvironment
    private let logger: Logger
    private let parts: AgentParts

    /// Opens the data directory and makes all parts; nothing listens yet but what `service` brings.
    /// - Parameter service: what the service manager said.
    /// - Throws: an error whose text says what cannot be used, and what to do.
    public init(configuration: Configuration, service: ServiceEnvironment, logger: Logger) throws {
        self.configuration = configuration
        self.service = service
        self.logger = logger
        // A file that may not grow (LimitFSIZE) is an error to tell of, like a full disk, and not the agent's end.
        signal(SIGXFSZ, SIG_IGN)
        // Nor is a reload that is asked for before there is anything to reload; from then on Reloading hears of it all the same.
        signal(SIGHUP, SIG_IGN)
        // Before the first secret is read.
        do throws(Errno) {
            try ProcessMemory.keepPrivate()
        } catch {
            logger.warning(
                "a crash of the agent may write keys and passwords to a core dump; forbid core dumps to its user",
                metadata: ["reason": "\(error)"])
        }
        // Threads of their own for control traffic: a disk that is slow under `sendfile` must not silence the beacon.
        parts = try AgentParts(configuration: configuration, logger: logger)
    }

    /// Runs until SIGTERM or SIGINT; then says goodbye to the peers, lets transfers end, and returns.
    /// - Throws: where an address that was configured cannot be had; what was opened is closed.
    public func run() async throws {
        let lastResort = LastResort(after: Self.lastResort, signals: [SIGTERM, SIGINT], logger: logger)
        let result: Result<Void, any Error>
        do {
            result = .success(try await runParts(lastResort))
        } catch {
            result = .failure(error)
        }
        lastResort.arm()
        await parts.close(lastResort)
        lastResort.stop()
        try result.get()
        logger.notice("stopped")
    }

    private func runParts(_ lastResort: LastResort) async throws {
        let listeners = try parts.listeners(service.sockets)
        do {
            for listener in listeners { _ = try await listener.bind() }
        } catch {
            for listener in listeners { await listener.abandon() }
            throw error
        }
        let status = parts.status
        let supervision = Supervision(
            notify: service.notify, watchdog: service.watchdog, liveness: parts.liveness,
            status: { await status.line() }, logger: logger)
        let hangups = await UnixSignalsSequence(trapping: .sighup)
        let services: [any Service] =
            parts.stores.services
            + [
                parts.journal, parts.meters, parts.fetcher, parts.puller, parts.archives, parts.sharing, parts.pulls,
            ]
            + [
                RegistryKeeping(registry: parts.registry, content: parts.stores.content, logger: logger),
                Reloading(
                    parts: parts, listeners: listeners, configuration: configuration, supervision: supervision,
                    signals: hangups),
                LeftoverExpiry(spool: parts.spool),
            ]
            + listeners.map { $0 as any Service }
            + [
                parts.happenings, PeerWatch(directory: parts.directory, happenings: parts.happenings),
                parts.discovery, supervision,
            ]
        // The group ends its services in reverse: first the goodbyes, then the listeners drain, then what they use.
        var group = ServiceGroupConfiguration(
            services: (services.map(lastResort.watching) + [lastResort]).map {
                .init(service: $0, successTerminationBehavior: .ignore)
            },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        group.maximumGracefulShutdownDuration = Self.shutdownLimit
        // What only a start needs would count as the agent's memory for as long as it runs. Where it cannot be let go, it does.
        _ = release_code()
        status.setReady()
        logger.notice(
            "ready",
            metadata: [
                "node": "\(parts.identity.name)", "id": "\(parts.identity.id)",
                "mirror": "\(configuration.mirror.listen.map(\.description).joined(separator: ", "))",
                "cluster_key": "\(parts.key == nil ? "none" : "in use")",
                "peer_tls": "\(configuration.peers.tls.isOn ? "in use" : "none")",
            ])
        try await ServiceGroup(configuration: group).run()
    }
}
