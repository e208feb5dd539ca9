import Logging
import NIOPosix
import OCI
import Transfer

/// Whether the registries answer, and how many pulls they have left for this address.
struct UpstreamChecks: Sendable {
    private static let patience: Duration = .seconds(3)
    /// Docker's own image to ask for the limit with; a HEAD of it does not count.
    private static let hubRepository = "ratelimitpreview/test"
    /// A repository that is in no registry: an answer that it is not there is an answer.
    private static let nobodys = "shoal/doctor"
    /// Pulls left from which on a roll-out may come to its limit.
    private static let few = 20

    private let configuration: Configuration
    private let logger: Logger

    init(_ configuration: Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    func findings() async -> [Finding] {
        let client = UpstreamClient(
            configuration: UpstreamConfiguration(configuration), group: MultiThreadedEventLoopGroup.singleton,
            logger: logger)
        let registries = [RegistryName.dockerHub] + configuration.upstream.keys.sorted { "\($0)" < "\($1)" }
        let findings = await withTaskGroup(of: (RegistryName, Finding).self) { group in
            for registry in Set(registries) {
                group.addTask { (registry, await ask(registry, client)) }
            }
            var found: [RegistryName: Finding] = [:]
            for await (registry, finding) in group { found[registry] = finding }
            return found
        }
        await client.shutdown()
        return findings.sorted { "\($0.key)" < "\($1.key)" }.map(\.value)
    }

    private func ask(_ registry: RegistryName, _ client: UpstreamClient) async -> Finding {
        let name = registry == .dockerHub ? Self.hubRepository : Self.nobodys
        guard let repository = try? RepositoryName(name), let tag = try? Tag("latest") else {
            return Finding("upstream", .ok, "\(registry) was not asked")
        }
        do throws(UpstreamError) {
            let head = try await client.head(
                .tag(tag), at: Origin(registry: registry, repository: repository), accept: MediaType.manifestAccept,
                deadline: Self.patience)
            return answered(registry, head.pullsLeft)
        } catch {
            switch error.code {
            case .unreachable, .broken:
                return Finding(
                    "upstream", .warning, "\(error.message)",
                    mend:
                        "pulls of what other nodes hold go on; else: the network, DNS, a proxy, or [upstream.\"\(registry)\"]"
                )
            case .throttled:
                let wait = error.retryAfter.map { ", for \(Figures.duration(seconds: $0.components.seconds))" } ?? ""
                return Finding(
                    "upstream", .warning, "\(registry) gives this address no more pulls\(wait)",
                    mend: "credentials for it raise the limit (docker_config, or [upstream.\"\(registry)\"] username)")
            case .notAllowed:
                return Finding("upstream", .fault, "\(error.message)")
            case .notFound, .needsCredentials, .denied, .rangeUnsatisfiable:
                return answered(registry, nil)
            }
        }
    }

    private func answered(_ registry: RegistryName, _ left: PullsLeft?) -> Finding {
        guard let left else { return Finding("upstream", .ok, "\(registry) answers") }
        let isLow = left.remaining <= Self.few
        let limit = left.limit.map { " of \($0)" } ?? ""
        return Finding(
            "upstream", isLow ? .warning : .ok,
            "\(registry) answers; \(left.remaining)\(limit) pulls are left for this address",
            mend: isLow
                ? "credentials for it raise the limit (docker_config, or [upstream.\"\(registry)\"] username)" : nil)
    }
}
