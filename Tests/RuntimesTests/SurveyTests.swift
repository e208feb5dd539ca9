import OCI
import SystemPackage
import Testing

@testable import Runtimes

@Suite struct SurveyTests {
    private func survey(_ folder: TemporaryFolder) throws -> RuntimeSurvey {
        RuntimeSurvey(
            tree: FileTree(root: FilePath(folder.path + "/tree")), mirror: Mirror(authority: "127.0.0.1:5050"),
            docker: Mirror(authority: "127.0.0.1:5054"),
            registries: [.dockerHub, try RegistryName("ghcr.io"), try RegistryName("registry.lan:5000")])
    }

    private func tree(_ name: String, after: Bool) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let golden = try GoldenCase(name: name)
        try golden.copy(of: after ? golden.after : golden.before, to: folder.path + "/tree")
        return folder
    }

    @Test(
        "containerd's own hosts.toml decides, else that of _default",
        arguments: [
            ("containerd-hosts-existing", false, MirrorStanding.absent), ("containerd-hosts-existing", true, .first),
            ("containerd-nothing-2.1", true, .first), ("containerd-nothing", false, .absent),
            ("containerd-hosts-by-hand-second", true, .behindOthers), ("containerd-hosts-broken", true, .unreadable),
            ("containerd-hosts-symlink", true, .first), ("containerd-all-beside-others", true, .first),
            ("containerd-config-other-folder", true, .absent),
        ])
    func hosts(name: String, after: Bool, standing: MirrorStanding) throws {
        let folder = try tree(name, after: after)
        let containerd = try survey(folder).containerd()
        #expect(containerd.mirrors[.dockerHub]?.standing == standing)
    }

    @Test("what config.toml says is told: the folders, CRI off, layers thrown away, settings that stand in the way")
    func config() throws {
        let set = try tree("containerd-config-version-3", after: true)
        #expect(try survey(set).containerd().certsFolders == ["/etc/containerd/certs.d"])
        #expect(try !survey(set).containerd().discardsUnpackedLayers)
        let missing = try tree("containerd-config-empty-path", after: false)
        #expect(try survey(missing).containerd().certsFolders.isEmpty)
        let off = try tree("containerd-config-cri-disabled", after: false)
        #expect(try survey(off).containerd().isCRIDisabled)
        let old = try tree("containerd-config-mirrors", after: false)
        #expect(try survey(old).containerd().conflict?.line == 5)
        let broken = try tree("containerd-config-broken", after: false)
        #expect(try survey(broken).containerd().refusal?.line == 3)
    }

    @Test(
        "the other runtimes' mirrors are found as configure leaves them",
        arguments: [
            ("k3s-mirrors", MirrorStanding.first), ("k3s-crlf", .first), ("k3s-by-hand-second", .behindOthers),
            ("k3s-one-line", .unreadable), ("k3s-nothing", .first),
        ])
    func k3s(name: String, standing: MirrorStanding) throws {
        let folder = try tree(name, after: true)
        #expect(try survey(folder).k3s().mirrors[.dockerHub]?.standing == standing)
    }

    @Test("dockerd's and podman's, too")
    func others() throws {
        for name in ["docker-nothing", "docker-others", "docker-mirrors-lines"] {
            #expect(try survey(tree(name, after: true)).docker().mirrors[.dockerHub]?.standing == .first)
            #expect(try survey(tree(name, after: false)).docker().mirrors[.dockerHub]?.standing == .absent)
        }
        for name in ["podman-nothing", "podman-registry-elsewhere", "podman-crlf"] {
            #expect(try survey(tree(name, after: true)).podman().mirrors[.dockerHub]?.standing == .first)
            #expect(try survey(tree(name, after: false)).podman().mirrors[.dockerHub]?.standing == .absent)
        }
        #expect(try survey(tree("k3s-rke2", after: false)).found == [.k3s])
    }
}
