public import SystemPackage

/// `shoal configure docker`: the mirror in dockerd's `daemon.json`.
public struct DockerSetup: Sendable {
    /// dockerd's configuration.
    public static let defaultConfig: FilePath = "/etc/docker/daemon.json"

    /// The mirror, at the listener where a bare name means docker.io.
    public var mirror: Mirror
    /// `--runtime-config`
    public var config: FilePath = defaultConfig

    /// Makes a setup with defaults for all but the mirror.
    public init(mirror: Mirror) { self.mirror = mirror }

    /// The edits that put the mirror in.
    public func plan(in tree: FileTree) -> RuntimePlan {
        var plan = RuntimePlan()
        plan.attempt { (plan) throws(Refusal) in
            let text = try tree.text(config)
            do throws(TextFault) {
                let folders = tree.missingFolders(above: config)
                let after = try DaemonJSON(url: mirror.url).adding(to: text, folders: folders)
                plan.add(FileEdit(path: config, before: text, after: after))
            } catch {
                throw Refusal(config, error)
            }
        }
        guard plan.refusals.isEmpty else { return plan }
        plan.remarks.append(
            "dockerd asks mirrors for images of docker.io only; what it pulls from other registries passes Shoal by.")
        remarkOnReload(&plan)
        return plan
    }

    /// The edits that take it out again.
    public func undoPlan(in tree: FileTree) -> RuntimePlan {
        var plan = RuntimePlan()
        plan.attempt { (plan) throws(Refusal) in
            guard let text = try tree.text(config) else { return }
            do throws(TextFault) {
                switch try DaemonJSON(url: mirror.url).removing(from: text) {
                case .same: break
                case .text(let rest): plan.add(FileEdit(path: config, before: text, after: rest))
                case .nothing(let folders):
                    plan.add(FileEdit(path: config, before: text, after: nil, removedFolders: folders))
                }
            } catch {
                throw Refusal(config, error)
            }
        }
        remarkOnReload(&plan)
        return plan
    }

    private func remarkOnReload(_ plan: inout RuntimePlan) {
        guard !plan.edits.isEmpty else { return }
        plan.remarks.append("Tell dockerd, which goes on running: systemctl reload docker")
    }
}
