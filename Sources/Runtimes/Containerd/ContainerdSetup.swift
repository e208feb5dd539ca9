import OCI
public import SystemPackage

/// `shoal configure containerd`: from a tree of files to the edits that put the mirror into containerd, or take it out.
public struct ContainerdSetup: Sendable {
    /// Where hosts.toml files are, unless config.toml or the operator says otherwise.
    public static let defaultCertsFolder: FilePath = "/etc/containerd/certs.d"
    /// containerd's configuration.
    public static let defaultConfig: FilePath = "/etc/containerd/config.toml"

    /// The mirror.
    public var mirror: Mirror
    /// For which registries; to containerd ``RegistryChoice/all`` is `_default`, and every folder that has a hosts.toml.
    public var registries = RegistryChoice.all
    /// `--certs-dir`; nil: the folder that config.toml names, else the default one.
    public var certsFolder: FilePath?
    /// `--runtime-config`; nil: the default one.
    public var config: FilePath?
    /// nil: there is no containerd to ask, or it did not say.
    public var version: ContainerdVersion?

    /// Makes a setup with defaults for all but the mirror.
    public init(mirror: Mirror) { self.mirror = mirror }

    /// The edits that put the mirror in.
    public func plan(in tree: FileTree) -> RuntimePlan {
        var plan = RuntimePlan()
        let place = configPlace(in: tree)
        let folder = certsFolder ?? place.folders.first ?? Self.defaultCertsFolder
        for name in folderNames(in: folder, tree) {
            plan.attempt { (plan) throws(Refusal) in
                plan.add(try hostsEdit(name: name, in: folder, tree))
            }
        }
        remarkOnShadows(in: folder, tree, &plan)
        let (edits, refusals) = (plan.edits.count, plan.refusals.count)
        plan.attempt { (plan) throws(Refusal) in
            try planConfig(place, folder: folder, in: tree, &plan)
        }
        if plan.edits.count > edits {
            plan.remarks.append("Restart containerd, which reads config.toml only then: systemctl restart containerd")
        } else if edits > 0, plan.refusals.count == refusals {
            plan.remarks.append("Nothing to restart: containerd reads hosts.toml at every pull.")
        }
        return plan
    }

    /// The edits that take it out again: of the named registries, or everything.
    public func undoPlan(in tree: FileTree) -> RuntimePlan {
        var plan = RuntimePlan()
        let place = configPlace(in: tree)
        let folders = certsFolder.map { [$0] } ?? place.folders + [Self.defaultCertsFolder]
        var isAnythingLeft = false
        var seen: Set<FilePath> = []
        for folder in folders where seen.insert(folder).inserted {
            for name in tree.names(in: folder) {
                let path = folder.appending(name).appending("hosts.toml")
                plan.attempt { (plan) throws(Refusal) in
                    guard let text = try tree.text(path) else { return }
                    let edit = try BlockRemoval(command: "containerd").edit(path, text) { _ in isMeant(name) }
                    if let edit { plan.add(edit) } else if BlockRemoval.isMarked(text) { isAnythingLeft = true }
                }
            }
        }
        if isAnythingLeft { return plan }
        let edits = plan.edits.count
        for (path, _) in place.files {
            plan.attempt { (plan) throws(Refusal) in
                guard let text = try tree.text(path) else { return }
                if let edit = try BlockRemoval(command: "containerd").edit(path, text) { plan.add(edit) }
            }
        }
        if plan.edits.count > edits {
            plan.remarks.append("Restart containerd, which reads config.toml only then: systemctl restart containerd")
        }
        return plan
    }

    // MARK: hosts.toml

    /// The folders to write to, within the folder of all.
    private func folderNames(in folder: FilePath, _ tree: FileTree) -> [String] {
        let present = tree.names(in: folder)
        switch registries {
        case .named(let names):
            return names.map { name in
                Self.folderNames(of: name).first(where: present.contains) ?? name.description
            }
        case .all:
            let others = present.filter { name in
                name != "_default" && tree.exists(folder.appending(name).appending("hosts.toml"))
            }
            return ["_default"] + others
        }
    }

    /// The names under which containerd looks for a registry's folder, in its order: `host_port_` before `host:port`.
    static func folderNames(of registry: RegistryName) -> [String] {
        let name = registry.description
        guard let port = registry.port else { return [name] }
        return ["\(name.dropLast("\(port)".count + 1))_\(port)_", name]
    }

    private func isMeant(_ folder: String) -> Bool {
        guard case .named(let names) = registries else { return true }
        return names.contains { Self.folderNames(of: $0).contains(folder) }
    }

    private func hostsEdit(name: String, in folder: FilePath, _ tree: FileTree) throws(Refusal) -> FileEdit {
        let path = folder.appending(name).appending("hosts.toml")
        let text = try tree.text(path)
        let file = HostsFile(
            mirror: mirror.url, server: server(name), hasDialTimeout: version?.knowsDialTimeout ?? false,
            certificates: CertificateFiles(names: tree.names(in: folder.appending(name))).lines)
        do throws(TextFault) {
            let made = MadePlaces(folders: text == nil ? madeFolders(above: path, in: folder, tree) : 0)
            return FileEdit(path: path, before: text, after: try file.adding(to: text, made: made))
        } catch {
            throw Refusal(path, error)
        }
    }

    private func server(_ folder: String) -> String? { Self.registry(ofFolder: folder).map(mirror.server) }

    /// The registry that containerd reads a folder for; nil for `_default`.
    private static func registry(ofFolder name: String) -> RegistryName? {
        guard name.hasSuffix("_"), let mark = name.dropLast().lastIndex(of: "_") else { return try? RegistryName(name) }
        return try? RegistryName("\(name[..<mark]):\(name[name.index(after: mark)...].dropLast())")
    }

    /// How many folders a new file brings; the folder of all counts as made where an earlier run made it.
    private func madeFolders(above path: FilePath, in folder: FilePath, _ tree: FileTree) -> Int {
        let missing = tree.missingFolders(above: path)
        guard missing == 1 else { return missing }
        let brothers = tree.names(in: folder).compactMap { name -> Int? in
            guard let text = try? tree.text(folder.appending(name).appending("hosts.toml")),
                let blocks = try? MarkedBlock.all(in: LinedText(text))
            else { return nil }
            return blocks.compactMap { $0.made?.folders }.max()
        }
        return max(missing, brothers.max() ?? 0)
    }

    /// Folders without a hosts.toml keep containerd from reading `_default`.
    private func remarkOnShadows(in folder: FilePath, _ tree: FileTree, _ plan: inout RuntimePlan) {
        guard registries == .all else { return }
        for name in tree.names(in: folder) where name != "_default" {
            let place = folder.appending(name)
            guard !tree.exists(place.appending("hosts.toml")), !tree.names(in: place).isEmpty else { continue }
            plan.remarks.append(
                "\(place) has no hosts.toml, and containerd does not read _default for it: "
                    + "run this with --registry \(name), too, if the mirror is for it.")
        }
    }
}
