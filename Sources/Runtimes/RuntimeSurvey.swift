public import OCI
public import SystemPackage

/// Which runtimes this machine has, and what their configuration says of the mirror: what `shoal doctor` tells, and who has been
/// configured. Nothing is written, and nobody but `containerd --version` is asked.
public struct RuntimeSurvey: Sendable {
    /// A runtime, by its name on the command line of `shoal configure`.
    public enum Runtime: String, Sendable, CaseIterable {
        case containerd, k3s, docker, podman

        /// The command that puts the mirror in.
        public var command: String { "shoal configure \(rawValue)" }
    }

    /// containerd's configuration.
    public struct Containerd: Sendable {
        /// What `containerd --version` said.
        public var version: ContainerdVersion?
        /// config.toml, whether it is there or not.
        public var config: FilePath
        /// Why config.toml or a file that it imports could not be read.
        public var refusal: Refusal?
        /// The folders in which CRI looks for hosts.toml; empty: `config_path` is missing.
        public var certsFolders: [FilePath]
        /// Whether CRI takes no pulls here, so that ``certsFolders`` means nothing.
        public var isCRIDisabled: Bool
        /// What keeps `config_path` from being set: old settings that containerd refuses beside it.
        public var conflict: Refusal?
        /// Whether layers are thrown away once unpacked: they are then shared from Shoal's store only.
        public var discardsUnpackedLayers: Bool
        /// By registry; the file that containerd reads for it, its own or that of `_default`.
        public var mirrors: [RegistryName: MirrorState]
    }

    /// Where the mirror stands for a registry.
    public struct MirrorState: Sendable, Equatable {
        public var standing: MirrorStanding
        /// The file that says so.
        public var file: FilePath
    }

    /// A runtime whose configuration is one list.
    public struct Listed: Sendable {
        /// The files that are read.
        public var files: [FilePath]
        /// By registry.
        public var mirrors: [RegistryName: MirrorState]
    }

    private let tree: FileTree
    private let mirror: Mirror
    private let docker: Mirror
    private let registries: [RegistryName]

    /// - Parameters:
    ///   - tree: the machine's files.
    ///   - mirror: the agent's mirror.
    ///   - docker: its listener for dockerd.
    ///   - registries: those that are asked about.
    public init(
        tree: FileTree = FileTree(), mirror: Mirror, docker: Mirror,
        registries: [RegistryName] = RegistryChoice.wellKnown
    ) {
        self.tree = tree
        self.mirror = mirror
        self.docker = docker
        self.registries = registries
    }

    /// The runtimes that are installed, by their programs and their configuration's folders.
    public var found: [Runtime] {
        Runtime.allCases.filter { runtime in
            let (programs, folders): ([String], [FilePath]) =
                switch runtime {
                case .containerd: (["containerd"], [])
                case .k3s: (["k3s", "rke2"], ["/etc/rancher/k3s", "/etc/rancher/rke2"])
                case .docker: (["dockerd"], [])
                case .podman: (["podman", "buildah", "skopeo", "crio"], [])
                }
            return folders.contains(where: tree.exists)
                || programs.contains { program in
                    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/opt/bin"].contains
                    {
                        tree.exists(FilePath($0).appending(program))
                    }
                }
        }
    }

    /// containerd.
    /// - Parameters:
    ///   - config: its configuration.
    ///   - version: see ``ContainerdVersion/installed()``.
    public func containerd(
        config: FilePath = ContainerdSetup.defaultConfig, version: ContainerdVersion? = nil
    ) -> Containerd {
        var setup = ContainerdSetup(mirror: mirror)
        setup.config = config
        setup.version = version
        let place = setup.configPlace(in: tree)
        let parsed = place.files.compactMap(\.config)
        let folders = place.folders
        let looked = folders.isEmpty ? [ContainerdSetup.defaultCertsFolder] : folders
        let conflict = place.files.lazy.compactMap { file -> Refusal? in
            file.config?.conflict().map { Refusal(file.path, $0) }
        }.first
        return Containerd(
            version: version, config: config, refusal: place.refusal, certsFolders: folders,
            isCRIDisabled: parsed.first?.isCRIDisabled ?? false, conflict: conflict,
            discardsUnpackedLayers: parsed.compactMap(\.discardsUnpackedLayers).last ?? false,
            mirrors: states { hostsState($0, in: looked) })
    }

    /// k3s and RKE2.
    public func k3s() -> Listed {
        let files = K3sSetup(mirror: mirror).files(in: tree)
        return Listed(files: files, mirrors: states { registry in k3sState(registry, files[0]) })
    }

    /// dockerd, which has mirrors for Docker Hub only.
    public func docker(config: FilePath = DockerSetup.defaultConfig) -> Listed {
        let standing: MirrorStanding
        do {
            standing = try tree.text(config).map { DaemonJSON(url: docker.url).standing(in: $0) } ?? .absent
        } catch {
            standing = .unreadable
        }
        return Listed(files: [config], mirrors: [.dockerHub: MirrorState(standing: standing, file: config)])
    }

    /// Podman, Buildah, Skopeo and CRI-O.
    public func podman() -> Listed {
        let files = PodmanSetup(mirror: mirror).paths(in: tree).filter(tree.exists)
        return Listed(files: files, mirrors: states { podmanState($0, files) })
    }

    private func states(_ state: (RegistryName) -> MirrorState) -> [RegistryName: MirrorState] {
        Dictionary(uniqueKeysWithValues: registries.map { ($0, state($0)) })
    }

    /// containerd takes the first folder that is there, and looks for the file in that one only.
    private func hostsState(_ registry: RegistryName, in folders: [FilePath]) -> MirrorState {
        let names = ContainerdSetup.folderNames(of: registry) + ["_default"]
        for folder in folders {
            guard let name = names.first(where: { tree.exists(folder.appending($0)) }) else { continue }
            let file = folder.appending(name).appending("hosts.toml")
            return MirrorState(standing: standing(file) { HostsFile.standing(of: mirror.url, in: $0) }, file: file)
        }
        let file = folders[0].appending(registry.description).appending("hosts.toml")
        return MirrorState(standing: .absent, file: file)
    }

    private func k3sState(_ registry: RegistryName, _ file: FilePath) -> MirrorState {
        let standing = standing(file) { text in
            guard let standings = try? RegistriesYAML(endpoint: mirror.url).standings(in: text) else {
                return .unreadable
            }
            return standings[registry.description] ?? standings["*"] ?? .absent
        }
        return MirrorState(standing: standing, file: file)
    }

    private func podmanState(_ registry: RegistryName, _ files: [FilePath]) -> MirrorState {
        // A later file's table replaces an earlier one's.
        let found = files.reversed().lazy.map { file in
            MirrorState(
                standing: standing(file) {
                    RegistriesConf.standing(of: registry.description, authority: mirror.authority, in: $0)
                }, file: file)
        }
        return found.first { $0.standing != .absent }
            ?? MirrorState(standing: .absent, file: PodmanSetup.defaultConfig)
    }

    private func standing(_ file: FilePath, _ read: (String) -> MirrorStanding) -> MirrorStanding {
        do {
            return try tree.text(file).map(read) ?? .absent
        } catch {
            return .unreadable
        }
    }
}
