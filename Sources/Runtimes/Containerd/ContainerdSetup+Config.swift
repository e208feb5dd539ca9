import SystemPackage

/// containerd's configuration as it is found: the file, and those that it imports.
struct ContainerdConfigPlace {
    /// The main file first; those that are there.
    var files: [(path: FilePath, config: ContainerdConfig?)] = []
    /// Where the main file is or would be.
    var main: FilePath
    /// The folders that `config_path` names.
    var folders: [FilePath] = []
    /// The first file that cannot be read or parsed.
    var refusal: Refusal?

    /// The file whose word counts for a setting. containerd 2 lays imported settings over the main file's one by one; containerd
    /// 1 takes a plugin's table whole from the last file that has one.
    func deciding(_ key: (ContainerdConfig) -> [String], isTwo: Bool) -> (path: FilePath, config: ContainerdConfig)? {
        let parsed = files.compactMap { file in file.config.map { (file.path, $0) } }
        return parsed.last { isTwo ? $0.1.setting(key($0.1)) != nil : $0.1.hasPlugin(of: key($0.1)) }
            ?? parsed.first
    }
}

extension ContainerdSetup {
    /// Reads config.toml and what it imports.
    func configPlace(in tree: FileTree) -> ContainerdConfigPlace {
        let main = config ?? Self.defaultConfig
        var place = ContainerdConfigPlace(main: main)
        var patterns: [String] = []
        var version = 1
        func read(_ path: FilePath) {
            do throws(Refusal) {
                guard let text = try tree.text(path) else { return }
                do throws(TextFault) {
                    let config = try ContainerdConfig(text, inheritedVersion: version)
                    if path == main { version = config.version }
                    if path == main { patterns = config.imports }
                    place.files.append((path, config))
                } catch {
                    place.files.append((path, nil))
                    throw Refusal(path, error)
                }
            } catch {
                place.refusal = place.refusal ?? error
            }
        }
        read(main)
        for pattern in patterns {
            let path = main.removingLastComponent().pushing(FilePath(pattern))
            let folder = path.removingLastComponent()
            guard let last = path.lastComponent?.string else { continue }
            if last.contains("*") {
                for name in tree.names(in: folder) where Self.matches(name, last) { read(folder.appending(name)) }
            } else {
                read(path)
            }
        }
        if let path = place.deciding(\.registryPath, isTwo: isTwo(place))?.config {
            place.folders = Self.list(path.setting(path.registryPath))
        }
        return place
    }

    /// A pattern with one `*`.
    private static func matches(_ name: String, _ pattern: String) -> Bool {
        let parts = pattern.split(separator: "*", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return name == pattern }
        return name.count >= parts[0].count + parts[1].count && name.hasPrefix(parts[0]) && name.hasSuffix(parts[1])
    }

    /// The folders of a `config_path`.
    static func list(_ value: String?) -> [FilePath] {
        (value ?? "").split(separator: ":").map { FilePath(String($0)) }
    }

    /// Where nobody could be asked, the version of the file tells.
    private func isTwo(_ place: ContainerdConfigPlace) -> Bool {
        version?.isTwo ?? ((place.files.first?.config?.version ?? 0) >= 3)
    }

    /// Sees to it that containerd looks for hosts.toml in the folder.
    func planConfig(
        _ place: ContainerdConfigPlace, folder: FilePath, in tree: FileTree, _ plan: inout RuntimePlan
    ) throws(Refusal) {
        // Who names another folder and no configuration means a containerd that is not the system's.
        let isForeign = config == nil && certsFolder != nil && certsFolder != Self.defaultCertsFolder
        if isForeign {
            plan.remarks.append(
                "containerd looks there where config_path in its config.toml says so; name that file with --runtime-config, and "
                    + "it is seen to. ctr takes --hosts-dir \(folder).")
            return
        }
        if let refusal = place.refusal { throw refusal }
        guard let main = place.files.first?.config else {
            try planNewConfig(place.main, folder, in: tree, &plan)
            return
        }
        if main.isCRIDisabled {
            plan.remarks.append(
                "CRI is disabled in \(place.main), so no config_path is needed: nerdctl looks in \(folder) by itself, ctr takes "
                    + "--hosts-dir \(folder).")
            return
        }
        let isTwo = isTwo(place)
        try planSetting(\.registryPath, place, folder, isTwo: isTwo, &plan)
        if isTwo { try planSetting({ _ in ContainerdConfig.transferPath }, place, folder, isTwo: true, &plan) }
    }

    private func planSetting(
        _ key: (ContainerdConfig) -> [String], _ place: ContainerdConfigPlace, _ folder: FilePath, isTwo: Bool,
        _ plan: inout RuntimePlan
    ) throws(Refusal) {
        guard let (path, found) = place.deciding(key, isTwo: isTwo) else { return }
        // The text that an earlier setting has left.
        let edited = plan.edits.first { $0.path == path }
        do throws(TextFault) {
            let current =
                try edited?.after.map { text throws(TextFault) in
                    try ContainerdConfig(text, inheritedVersion: found.version)
                } ?? found
            let name = key(current)
            let value = current.setting(name)
            let folders = Self.list(value)
            if folders == [folder] || (folders.contains(folder) && !isTwo) { return }
            guard folders.isEmpty || folders.contains(folder) else {
                plan.remarks.append(
                    "\(path):\(current.line(of: name) ?? 1): config_path is \"\(value ?? "")\", so containerd does not look in "
                        + "\(folder): run this with --certs-dir \(folders[0]), or set it and restart containerd.")
                return
            }
            if name != ContainerdConfig.transferPath, folders.isEmpty, let conflict = current.conflict() {
                throw conflict
            }
            let after = try current.setting(name, to: folder.string)
            if folders.count > 1 {
                plan.remarks.append(
                    "config_path named several folders, \"\(value ?? "")\": containerd 2 takes such a list for the name of one. "
                        + "It is \(folder) now.")
            }
            guard let before = edited?.before ?? text(of: path, place) else { return }
            plan.edits.removeAll { $0.path == path }
            plan.add(FileEdit(path: path, before: before, after: after))
        } catch {
            throw Refusal(path, error)
        }
    }

    private func text(of path: FilePath, _ place: ContainerdConfigPlace) -> String? {
        place.files.first { $0.path == path }?.config?.source
    }

    /// There is no config.toml: containerd runs on its defaults, which name no folder.
    private func planNewConfig(
        _ path: FilePath, _ folder: FilePath, in tree: FileTree, _ plan: inout RuntimePlan
    ) throws(Refusal) {
        guard version != nil || config != nil else {
            plan.remarks.append(
                "There is no \(path) and no containerd in PATH. A containerd elsewhere needs config_path = \"\(folder)\" in its "
                    + "configuration: name that file with --runtime-config.")
            return
        }
        let isTwo = version?.isTwo ?? false
        var lines = ["version = \(isTwo ? 3 : 2)", ""]
        let plugin = isTwo ? "io.containerd.cri.v1.images" : "io.containerd.grpc.v1.cri"
        lines += ["[plugins.\"\(plugin)\".registry]", "  config_path = \"\(folder)\""]
        if isTwo {
            lines += ["", "[\(ContainerdConfig.dotted(Array(ContainerdConfig.transferPath.dropLast())))]"]
            lines.append("  config_path = \"\(folder)\"")
        }
        // The folders above it that hosts.toml files are about to make are in their books already.
        let planned = Set(plan.edits.filter { $0.before == nil }.flatMap { Self.folders(above: $0.path) })
        let missing = Self.folders(above: path).filter { !tree.exists($0) && !planned.contains($0) }.count
        let block = MarkedBlock(made: MadePlaces(folders: missing), content: lines)
        plan.add(
            FileEdit(
                path: path, before: nil, after: block.lines(ending: "\n", command: "containerd").joined()))
    }

    private static func folders(above path: FilePath) -> [FilePath] {
        var folders: [FilePath] = []
        var folder = path.removingLastComponent()
        while !folder.components.isEmpty {
            folders.append(folder)
            folder.removeLastComponent()
        }
        return folders
    }
}
