import Discovery
public import Logging
import NIOCore
import NIOPosix
import OCI
public import Runtimes
import SystemPackage
import TLS
import Transfer

/// Looks at a node from the outside, as its runtime and its peers would, and says what is not as it should be: what `shoal doctor` prints.
///
/// Nothing is changed. Each check is bounded in time; those that wait for others run side by side.
public struct Doctor: Sendable {
    /// What this machine is looked at with.
    public struct Surroundings: Sendable {
        /// What the operator wrote, or why that cannot be read.
        public var configuration: Result<Configuration, ConfigurationError>
        /// The agent of this machine.
        public var agent: AdminClient
        /// The machine's files.
        public var tree: FileTree
        /// What `containerd --version` says.
        public var containerdVersion: ContainerdVersion?
        public var logger: Logger

        /// Makes surroundings of their parts.
        public init(
            configuration: Result<Configuration, ConfigurationError>, agent: AdminClient, tree: FileTree = FileTree(),
            containerdVersion: ContainerdVersion?, logger: Logger
        ) {
            self.configuration = configuration
            self.agent = agent
            self.tree = tree
            self.containerdVersion = containerdVersion
            self.logger = logger
        }
    }

    private let around: Surroundings

    /// Makes a doctor for these surroundings.
    public init(_ around: Surroundings) {
        self.around = around
    }

    /// Looks at everything.
    public func examine() async -> DoctorReport {
        let configuration = (try? around.configuration.get()) ?? Configuration()
        let status: Result<StatusSnapshot, AdminClientError>
        do throws(AdminClientError) {
            status = .success(try await around.agent.status().value)
        } catch {
            status = .failure(error)
        }
        let snapshot = try? status.get()
        async let endpoints = EndpointChecks(configuration, isAgentThere: snapshot != nil).findings()
        async let peers = PeerChecks(configuration, snapshot).findings()
        async let upstream = UpstreamChecks(configuration, logger: around.logger).findings()
        let runtimes = RuntimeChecks(configuration, around.tree, around.containerdVersion).findings()
        let machine = MachineChecks(configuration, snapshot).findings()
        return DoctorReport(
            configurationFindings() + Self.agentFindings(status) + (await endpoints) + runtimes + (await peers)
                + (await upstream) + machine)
    }

    private func configurationFindings() -> [Finding] {
        switch around.configuration {
        case .failure(let error):
            return [
                Finding(
                    "configuration", .fault, "\(error)",
                    mend: "mend that line; the agent does not start before. What follows goes by the defaults")
            ]
        case .success(let configuration):
            return configuration.warnings.map { Finding("configuration", .warning, $0) }
                + [Self.keyFinding(configuration)] + tlsFindings(configuration)
        }
    }

    private static func keyFinding(_ configuration: Configuration) -> Finding {
        guard let file = configuration.peers.keyFile else {
            return Finding(
                "cluster_key", .ok,
                "none: public images are shared, by digest. A key would add tags, private, imported and pushed images",
                mend: "if you want that: shoal keygen FILE, the same file on every node, and peers.key_file")
        }
        do throws(DiscoveryError) {
            _ = try ClusterKey.load(path: file)
            return Finding("cluster_key", .ok, "\(file)")
        } catch {
            return Finding(
                "cluster_key", .fault, "\(error)",
                mend:
                    "the same file on every node, readable by the agent and nobody else (as the agent's user: ls -l \(file))"
            )
        }
    }

    /// The certificate that peers are shown, as the agent would find it at a start.
    private func tlsFindings(_ configuration: Configuration) -> [Finding] {
        guard let files = TLSFiles(configuration.peers.tls) else { return [] }
        do throws(TLSFileError) {
            let identity = try TLSIdentity(files, logger: around.logger)
            // What is wrong with one that can be read the agent tells among its own warnings: it knows which node it is.
            let owner = identity.node.node.map { "node \($0)" } ?? "any node"
            return [Finding("peers.tls", .ok, "\(files.certificate.path), for \(owner)")]
        } catch {
            return [
                Finding(
                    "peers.tls", .fault, "\(error)",
                    mend: "mend that file: an agent that runs goes on with the old one, a start fails")
            ]
        }
    }

    private static func agentFindings(_ status: Result<StatusSnapshot, AdminClientError>) -> [Finding] {
        switch status {
        case .failure(let error):
            return [
                Finding(
                    "agent", .fault, "\(error)",
                    mend: "systemctl start shoal; where it does not stay up: journalctl -u shoal -n 20")
            ]
        case .success(let status):
            let since = Figures.duration(seconds: status.node.uptimeSeconds)
            return [Finding("agent", .ok, "version \(status.node.version), up for \(since), \(status.node.name)")]
                + status.warnings.map { Finding("agent", .warning, $0) }
        }
    }
}
