import Agent
import ArgumentParser
import OCI
import Runtimes
import SystemPackage

/// `shoal configure`
struct ConfigureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "configure",
        abstract: "Writes the mirror into a runtime's configuration, or takes it out.",
        discussion: """
            Each file is replaced at once; what others wrote into it stays as it is, and --undo brings back what was there to \
            the byte. Twice changes nothing. No agent is needed, and containers go on running.

              shoal configure containerd --dry-run
              shoal configure containerd
              shoal configure docker --undo
            """,
        subcommands: [
            ConfigureContainerdCommand.self, ConfigureK3sCommand.self, ConfigureDockerCommand.self,
            ConfigurePodmanCommand.self,
        ])
}

/// The options of all runtimes.
struct ConfigureOptions: ParsableArguments {
    @Flag(help: "Shows the changes as a unified diff, and makes none.")
    var dryRun = false

    @Flag(help: "Takes out what configure wrote.")
    var undo = false

    @Option(
        help: ArgumentHelp(
            "The agent's configuration, which says where the mirror listens. Default: /etc/shoal/config.toml, if there is one.",
            valueName: "file"))
    var config: String?

    func validate() throws {
        if config?.isEmpty == true { throw ValidationError("--config wants the path of a file, not nothing") }
    }

    /// The agent's configuration; its defaults where nobody can read it and nobody named it.
    private func agent() throws -> Configuration {
        do {
            return try ConfigurationSources(
                file: config.map { FilePath($0) }, environment: Environment.variables
            ).load()
        } catch {
            guard error.code == .unreadable, config == nil else { throw error }
            Output.printError("shoal: \(error); the mirror's default address is taken\n")
            return Configuration()
        }
    }

    /// The mirror for runtimes that say which registry they mean.
    func mirror() throws -> Mirror {
        let configuration = try agent()
        let listen = configuration.mirror.listen
        guard let endpoint = listen.first(where: \.isLoopback) ?? listen.first else {
            throw CommandFailure(message: "mirror.listen is empty, so there is no mirror: name an address there")
        }
        guard !configuration.mirror.speaksTLS(at: endpoint) else {
            throw CommandFailure(
                message:
                    "mirror.listen has no loopback address, and the others speak TLS: add \"127.0.0.1:5050\" for this node's runtimes"
            )
        }
        return Mirror(authority: authority(endpoint), upstreams: upstreams(configuration))
    }

    /// The mirror for dockerd.
    func dockerMirror() throws -> Mirror {
        guard let endpoint = try agent().mirror.dockerListen else {
            throw CommandFailure(
                message:
                    "mirror.docker_listen is empty, so there is no mirror for dockerd: set it to \"127.0.0.1:5054\"")
        }
        return Mirror(authority: authority(endpoint))
    }

    private func upstreams(_ configuration: Configuration) -> [RegistryName: String] {
        configuration.upstream.compactMapValues { $0.url?.description }
    }

    /// A listener on every address is asked on loopback.
    private func authority(_ endpoint: ListenEndpoint) -> String {
        switch endpoint.address {
        case "0.0.0.0": "127.0.0.1:\(endpoint.port)"
        case "::": "[::1]:\(endpoint.port)"
        default: endpoint.description
        }
    }

    /// Carries a plan out, or shows it.
    func run(_ plan: RuntimePlan) throws {
        if dryRun {
            Output.print(plan.diff)
        } else {
            do {
                try FileTree().apply(plan)
            } catch {
                throw CommandFailure(message: "\(error)")
            }
            for edit in plan.edits { Output.print(edit.summary + "\n") }
        }
        let nothing =
            undo ? "Nothing to undo: there is nothing of Shoal's in it." : "Nothing to do: it is all there already."
        let remarks = plan.edits.isEmpty && plan.refusals.isEmpty ? [nothing] : []
        for remark in remarks + plan.remarks {
            // A diff on standard output can go straight to patch(1).
            if dryRun { Output.printError(remark + "\n") } else { Output.print(remark + "\n") }
        }
        for refusal in plan.refusals { Output.printError("shoal: \(refusal)\n") }
        if !plan.refusals.isEmpty { throw CommandFailure.no }
    }

    /// A path as it is typed; absolute, since it is written down.
    static func path(_ text: String) throws -> FilePath {
        guard !text.isEmpty else { throw ValidationError("a path is missing") }
        return FilePath(Environment.workingDirectory).pushing(FilePath(text)).lexicallyNormalized()
    }
}

/// `--registry`
struct RegistryOptions: ParsableArguments {
    @Option(
        name: .customLong("registry"),
        help: ArgumentHelp(
            "A registry to mirror; may be repeated, or several by comma. Default: see above.", valueName: "host"))
    var names: [String] = []

    func validate() throws { _ = try choice }

    var choice: RegistryChoice {
        get throws {
            if names.isEmpty { return .all }
            let list = names.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
            return .named(try list.map { try Self.registry(String($0)) })
        }
    }

    private static func registry(_ name: String) throws -> RegistryName {
        do {
            return try RegistryName(name)
        } catch {
            throw ValidationError(error.message)
        }
    }
}

/// `shoal configure containerd`
struct ConfigureContainerdCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "containerd",
        abstract: "containerd: hosts.toml for each registry, and config_path in config.toml.",
        discussion: """
            Without --registry the mirror is for all registries: it is written to _default, and to every registry's hosts.toml \
            that is there. containerd reads hosts.toml at every pull; config.toml, where config_path is set if it is not, only \
            when it starts. ctr takes --hosts-dir instead.

              shoal configure containerd --registry docker.io --registry ghcr.io
              shoal configure containerd --undo
            """)

    @Option(
        help: ArgumentHelp(
            "Where hosts.toml files are. Default: what config_path says, else /etc/containerd/certs.d.",
            valueName: "dir"))
    var certsDir: String?

    @Option(
        help: ArgumentHelp("containerd's configuration. Default: /etc/containerd/config.toml.", valueName: "file"))
    var runtimeConfig: String?

    @Option(
        help: ArgumentHelp(
            "containerd's version, such as 2.1. Default: what `containerd --version` says.", valueName: "version"))
    var containerdVersion: String?

    @OptionGroup var registries: RegistryOptions
    @OptionGroup var options: ConfigureOptions

    func validate() throws {
        if let containerdVersion, ContainerdVersion(containerdVersion) == nil {
            throw ValidationError("--containerd-version wants a version such as 2.1, not '\(containerdVersion)'")
        }
        _ = try certsDir.map(ConfigureOptions.path)
        _ = try runtimeConfig.map(ConfigureOptions.path)
    }

    func run() throws {
        var setup = ContainerdSetup(mirror: try options.mirror())
        setup.registries = try registries.choice
        setup.certsFolder = try certsDir.map(ConfigureOptions.path)
        setup.config = try runtimeConfig.map(ConfigureOptions.path)
        setup.version = containerdVersion.flatMap { ContainerdVersion($0) } ?? .installed()
        try options.run(options.undo ? setup.undoPlan(in: FileTree()) : setup.plan(in: FileTree()))
    }
}

/// `shoal configure k3s`
struct ConfigureK3sCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "k3s",
        abstract: "k3s and RKE2: registries.yaml.",
        discussion: """
            Without --registry the mirror is for docker.io, gcr.io, ghcr.io, mcr.microsoft.com, public.ecr.aws, quay.io and \
            registry.k8s.io. k3s reads the file when it starts; the registry itself stays the last resort.

              shoal configure k3s
              systemctl restart k3s
            """)

    @Option(
        help: ArgumentHelp(
            "registries.yaml. Default: /etc/rancher/k3s/registries.yaml, or that of rke2 where it is.",
            valueName: "file"))
    var runtimeConfig: String?

    @OptionGroup var registries: RegistryOptions
    @OptionGroup var options: ConfigureOptions

    func validate() throws { _ = try runtimeConfig.map(ConfigureOptions.path) }

    func run() throws {
        var setup = K3sSetup(mirror: try options.mirror())
        setup.registries = try registries.choice
        setup.config = try runtimeConfig.map(ConfigureOptions.path)
        try options.run(options.undo ? setup.undoPlan(in: FileTree()) : setup.plan(in: FileTree()))
    }
}

/// `shoal configure docker`
struct ConfigureDockerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "docker",
        abstract: "Docker: registry-mirrors in daemon.json, for images of docker.io only.",
        discussion: """
            dockerd has mirrors for Docker Hub alone, and asks the one at mirror.docker_listen. With the containerd image store what \
            it pulled elsewhere is shared all the same.

              shoal configure docker
              systemctl reload docker
            """)

    @Option(help: ArgumentHelp("dockerd's configuration. Default: /etc/docker/daemon.json.", valueName: "file"))
    var runtimeConfig: String?

    @OptionGroup var options: ConfigureOptions

    func validate() throws { _ = try runtimeConfig.map(ConfigureOptions.path) }

    func run() throws {
        var setup = DockerSetup(mirror: try options.dockerMirror())
        if let runtimeConfig { setup.config = try ConfigureOptions.path(runtimeConfig) }
        try options.run(options.undo ? setup.undoPlan(in: FileTree()) : setup.plan(in: FileTree()))
    }
}

/// `shoal configure podman`
struct ConfigurePodmanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "podman",
        abstract: "Podman, Buildah, Skopeo and CRI-O: a drop-in in registries.conf.d.",
        discussion: """
            Without --registry the mirror is for docker.io, gcr.io, ghcr.io, mcr.microsoft.com, public.ecr.aws, quay.io and \
            registry.k8s.io. A registry that another file describes gets the mirror there.

              shoal configure podman
              shoal configure podman --registry registry.example.com
            """)

    @Option(
        help: ArgumentHelp(
            "The drop-in. Default: /etc/containers/registries.conf.d/shoal.conf.", valueName: "file"))
    var runtimeConfig: String?

    @OptionGroup var registries: RegistryOptions
    @OptionGroup var options: ConfigureOptions

    func validate() throws { _ = try runtimeConfig.map(ConfigureOptions.path) }

    func run() throws {
        var setup = PodmanSetup(mirror: try options.mirror())
        setup.registries = try registries.choice
        if let runtimeConfig { setup.config = try ConfigureOptions.path(runtimeConfig) }
        try options.run(options.undo ? setup.undoPlan(in: FileTree()) : setup.plan(in: FileTree()))
    }
}
