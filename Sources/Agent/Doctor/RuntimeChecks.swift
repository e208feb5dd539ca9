import OCI
import Runtimes
import SystemPackage

/// Which runtimes this machine has, and whether they ask the mirror.
struct RuntimeChecks {
    private let survey: RuntimeSurvey
    private let containerdVersion: ContainerdVersion?

    init(_ configuration: Configuration, _ tree: FileTree, _ containerdVersion: ContainerdVersion?) {
        let mirror = configuration.mirror.listen.first { $0.isLoopback } ?? configuration.mirror.listen.first
        let registries = RegistryChoice.wellKnown + configuration.upstream.keys.sorted { "\($0)" < "\($1)" }
        survey = RuntimeSurvey(
            tree: tree, mirror: Mirror(authority: mirror?.onThisMachine.description ?? "127.0.0.1:5050"),
            docker: Mirror(authority: configuration.mirror.dockerListen?.description ?? "127.0.0.1:5054"),
            registries: registries.reduce(into: []) { if !$0.contains($1) { $0.append($1) } })
        self.containerdVersion = containerdVersion
    }

    func findings() -> [Finding] {
        let found = survey.found
        guard !found.isEmpty else {
            return [
                Finding(
                    "runtime", .warning, "no container runtime is installed here; this node only serves others",
                    mend: "where one is, in a place of its own: shoal configure --help")
            ]
        }
        var findings: [Finding] = []
        var isUsed = false
        for runtime in found {
            let (own, mirrors) = look(at: runtime)
            findings += own
            let (verdict, uses) = standing(runtime, mirrors)
            findings += verdict
            isUsed = isUsed || uses
        }
        if !isUsed {
            findings.append(
                Finding(
                    "mirror.use", .fault, "no runtime of this node asks the mirror first, so its pulls go past Shoal",
                    mend: found.map(\.command).joined(separator: "; ")))
        }
        return findings
    }

    private func look(at runtime: RuntimeSurvey.Runtime) -> ([Finding], [RegistryName: RuntimeSurvey.MirrorState]) {
        switch runtime {
        case .containerd:
            let state = survey.containerd(version: containerdVersion)
            return (containerd(state), state.mirrors)
        case .k3s: return ([], survey.k3s().mirrors)
        case .docker: return ([], survey.docker().mirrors)
        case .podman: return ([], survey.podman().mirrors)
        }
    }

    private func containerd(_ state: RuntimeSurvey.Containerd) -> [Finding] {
        var findings = [
            Finding(
                "containerd", .ok,
                state.version.map { "version \($0), \(state.config)" } ?? "of unknown version, \(state.config)")
        ]
        if let refusal = state.refusal {
            findings.append(Finding("containerd.config", .fault, "\(refusal)"))
        } else if let conflict = state.conflict {
            findings.append(Finding("containerd.config", .fault, "\(conflict)"))
        } else if state.isCRIDisabled {
            findings.append(
                Finding(
                    "containerd.config_path", .ok, "CRI is switched off: ctr and nerdctl find hosts.toml by themselves")
            )
        } else if state.certsFolders.isEmpty {
            findings.append(
                Finding(
                    "containerd.config_path", .warning,
                    "config_path is not set in \(state.config), so that the kubelet's pulls go past the mirror",
                    mend: "shoal configure containerd && systemctl restart containerd"))
        } else {
            let folders = state.certsFolders.map(\.string).joined(separator: ":")
            findings.append(Finding("containerd.config_path", .ok, folders))
        }
        if state.discardsUnpackedLayers {
            findings.append(
                Finding(
                    "containerd.discard_unpacked_layers", .warning,
                    "containerd throws layers away once they are unpacked; they are shared from Shoal's own store only, a second copy",
                    mend: "discard_unpacked_layers = false in \(state.config), and systemctl restart containerd"))
        }
        return findings
    }

    /// - Returns: what to say, and whether the runtime asks the mirror first for any registry.
    private func standing(
        _ runtime: RuntimeSurvey.Runtime, _ mirrors: [RegistryName: RuntimeSurvey.MirrorState]
    ) -> ([Finding], Bool) {
        let check = "\(runtime.rawValue).mirror"
        func names(_ standing: MirrorStanding) -> [String] {
            mirrors.filter { $0.value.standing == standing }.map(\.key.description).sorted()
        }
        var findings: [Finding] = []
        for file in Set(mirrors.values.filter { $0.standing == .unreadable }.map(\.file.string)).sorted() {
            findings.append(
                Finding(
                    check, .fault, "\(file) cannot be read or parsed, so nobody knows whom \(runtime) asks",
                    mend: "as root, \(runtime.command) says what is wrong with it"))
        }
        let behind = names(.behindOthers)
        if !behind.isEmpty {
            findings.append(
                Finding(
                    check, .warning, "\(runtime) asks others before the mirror for \(behind.joined(separator: ", "))",
                    mend: runtime.command))
        }
        let first = names(.first)
        let absent = names(.absent)
        if !first.isEmpty {
            findings.append(
                Finding(
                    check, .ok, "\(runtime) asks the mirror first for \(first.joined(separator: ", "))",
                    mend: absent.isEmpty ? nil : "not for \(absent.joined(separator: ", ")): \(runtime.command)"))
        } else if findings.isEmpty {
            findings.append(
                Finding(
                    check, .warning, "\(runtime) does not know the mirror", mend: runtime.command))
        }
        return (findings, !first.isEmpty)
    }
}
