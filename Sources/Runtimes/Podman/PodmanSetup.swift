import OCI
public import SystemPackage

/// `shoal configure podman`: the mirror for Podman, Buildah, Skopeo and CRI-O, which read the same files.
public struct PodmanSetup: Sendable {
    /// The file that is written where nobody else's describes the registry.
    public static let defaultConfig: FilePath = "/etc/containers/registries.conf.d/shoal.conf"
    private static let restart =
        "Nothing to restart: Podman, Buildah and Skopeo read it at every pull. CRI-O: systemctl reload crio"

    /// The mirror.
    public var mirror: Mirror
    /// For which registries; there is no word for all, so ``RegistryChoice/all`` are the well-known ones.
    public var registries = RegistryChoice.all
    /// `--runtime-config`: the drop-in.
    public var config: FilePath = defaultConfig

    /// Makes a setup with defaults for all but the mirror.
    public init(mirror: Mirror) { self.mirror = mirror }

    /// The edits that put the mirror in.
    ///
    /// A registry that has a table already gets the mirror there: a table in a later file would replace it whole.
    public func plan(in tree: FileTree) -> RuntimePlan {
        var plan = RuntimePlan()
        var files: [(path: FilePath, text: String?, conf: RegistriesConf)] = []
        for path in paths(in: tree) {
            plan.attempt { (plan) throws(Refusal) in
                let text = try tree.text(path)
                guard text != nil || path == config else { return }
                let made = path == config ? MadePlaces(folders: tree.missingFolders(above: path)) : nil
                do throws(TextFault) {
                    files.append((path, text, try RegistriesConf(text, authority: mirror.authority, made: made)))
                } catch {
                    throw Refusal(path, error)
                }
            }
        }
        let names = Set(registries.names.map(\.description)).union(files.flatMap(\.conf.labels)).sorted()
        var places: [FilePath: [String]] = [:]
        for name in names { places[files.last { $0.conf.describes(name) }?.path ?? config, default: []].append(name) }
        for file in files {
            let here = places[file.path] ?? []
            if file.text == nil, here.isEmpty { continue }
            plan.attempt { (plan) throws(Refusal) in
                do throws(TextFault) {
                    let after = try file.conf.adding(here, plainHTTP: isPlainHTTP)
                    plan.add(FileEdit(path: file.path, before: file.text, after: after))
                } catch {
                    throw Refusal(file.path, error)
                }
            }
        }
        if !plan.edits.isEmpty {
            plan.remarks = [
                Self.restart,
                "They choose the mirror when they fetch the manifest and do not go elsewhere for a blob: where the agent could not "
                    + "serve all of an image, it says so at the manifest.",
            ]
        }
        return plan
    }

    /// The edits that take it out again.
    public func undoPlan(in tree: FileTree) -> RuntimePlan {
        var plan = RuntimePlan()
        for path in paths(in: tree) {
            plan.attempt { (plan) throws(Refusal) in
                guard let text = try tree.text(path) else { return }
                if let edit = try BlockRemoval(command: "podman").edit(path, text, where: isMeant) { plan.add(edit) }
            }
        }
        if !plan.edits.isEmpty {
            plan.remarks = [Self.restart]
        }
        return plan
    }

    private func isMeant(_ label: String?) -> Bool {
        guard case .named(let names) = registries else { return true }
        return names.contains { $0.description == label }
    }

    private func isPlainHTTP(_ name: String) -> Bool {
        guard let registry = try? RegistryName(name) else { return false }
        return mirror.server(of: registry).hasPrefix("http://")
    }

    /// `registries.conf` first, then the drop-ins in the order in which they are read.
    func paths(in tree: FileTree) -> [FilePath] {
        let folder = config.removingLastComponent()
        let main = folder.removingLastComponent().appending("registries.conf")
        let name = config.lastComponent?.string ?? "shoal.conf"
        let names = Set(tree.names(in: folder).filter { $0.hasSuffix(".conf") }).union([name]).sorted()
        return [main] + names.map { folder.appending($0) }
    }
}
