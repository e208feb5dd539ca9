import OCI
public import SystemPackage

/// `shoal configure k3s`: the mirror in `registries.yaml` of k3s and RKE2.
public struct K3sSetup: Sendable {
    /// The file of k3s.
    public static let k3s: FilePath = "/etc/rancher/k3s/registries.yaml"
    /// The file of RKE2.
    public static let rke2: FilePath = "/etc/rancher/rke2/registries.yaml"

    /// The mirror.
    public var mirror: Mirror
    /// For which registries. ``RegistryChoice/all`` are the well-known ones: with `"*"` some versions of k3s do not go to the registry
    /// itself where the mirror does not answer (k3s issue 11857).
    public var registries = RegistryChoice.all
    /// `--runtime-config`; nil: those whose folder is there, else k3s's.
    public var config: FilePath?

    /// Makes a setup with defaults for all but the mirror.
    public init(mirror: Mirror) { self.mirror = mirror }

    /// The edits that put the mirror in.
    public func plan(in tree: FileTree) -> RuntimePlan {
        var plan = RuntimePlan()
        let names = registries.names.map(\.description)
        for path in files(in: tree) {
            plan.attempt { (plan) throws(Refusal) in
                let text = try tree.text(path)
                do throws(TextFault) {
                    let made = MadePlaces(folders: tree.missingFolders(above: path))
                    let after = try RegistriesYAML(endpoint: mirror.url).adding(names, to: text, made: made)
                    plan.add(FileEdit(path: path, before: text, after: after))
                } catch {
                    throw Refusal(path, error)
                }
            }
        }
        remarkOnRestart(&plan)
        return plan
    }

    /// The edits that take it out again.
    public func undoPlan(in tree: FileTree) -> RuntimePlan {
        var plan = RuntimePlan()
        for path in files(in: tree) {
            plan.attempt { (plan) throws(Refusal) in
                guard let text = try tree.text(path) else { return }
                if let edit = try BlockRemoval(command: RegistriesYAML.command).edit(path, text, where: meant(text)) {
                    plan.add(edit)
                }
            }
        }
        remarkOnRestart(&plan)
        return plan
    }

    /// The key `mirrors` goes with the last registry.
    private func meant(_ text: String) -> (String?) -> Bool {
        guard case .named(let names) = registries else { return { _ in true } }
        let named = Set(names.map(\.description))
        let labels = (try? MarkedBlock.all(in: LinedText(text)))?.compactMap(\.label) ?? []
        let isAll = labels.allSatisfy { named.contains($0) || $0 == RegistriesYAML.mirrorsLabel }
        return { label in isAll || label.map(named.contains) ?? false }
    }

    private func remarkOnRestart(_ plan: inout RuntimePlan) {
        guard !plan.edits.isEmpty else { return }
        let isRKE2 = plan.edits.contains { $0.path == Self.rke2 }
        plan.remarks.append(
            isRKE2
                ? "Restart RKE2, which reads registries.yaml only then: systemctl restart rke2-server (or rke2-agent)"
                : "Restart k3s, which reads registries.yaml only then: systemctl restart k3s (or k3s-agent)")
    }

    func files(in tree: FileTree) -> [FilePath] {
        if let config { return [config] }
        let found = [Self.k3s, Self.rke2].filter { tree.exists($0.removingLastComponent()) }
        return found.isEmpty ? [Self.k3s] : found
    }
}
