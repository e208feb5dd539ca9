import OCI
import SystemPackage
import Testing

@testable import Runtimes

@Suite struct SurveyTests {
    /// What the survey finds in a case's tree.
    private func ask<Answer>(
        _ name: String, after: Bool, _ question: (RuntimeSurvey) throws -> Answer
    ) throws -> Answer {
        let folder = try TemporaryFolder()
        let golden = try GoldenCase(name: name)
        try golden.copy(of: after ? golden.after : golden.before, to: folder.path + "/tree")
        let survey = RuntimeSurvey(
            tree: FileTree(root: FilePath(folder.path + "/tree")), mirror: Mirror(authority: "127.0.0.1:5050"),
            docker: Mirror(authority: "127.0.0.1:5054"),
            registries: [.dockerHub, try RegistryName("ghcr.io"), try RegistryName("registry.lan:5000")])
        return try withExtendedLifetime(folder) { try question(survey) }
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
        #expect(try ask(name, after: after) { $0.containerd().mirrors[.dockerHub]?.standing } == standing)
    }

    @Test("what config.toml says is told: the folders, CRI off, layers thrown away, settings that stand in the way")
    func config() throws {
        let set = try ask("containerd-config-version-3", after: true) { $0.containerd() }
        #expect(set.certsFolders == ["/etc/containerd/certs.d"])
        #expect(!set.discardsUnpackedLayers)
        #expect(try ask("containerd-config-empty-path", after: false) { $0.containerd().certsFolders } == [])
        #expect(try ask("containerd-config-cri-disabled", after: false) { $0.containerd().isCRIDisabled })
        #expect(try ask("containerd-config-mirrors", after: false) { $0.containerd().conflict?.line } == 5)
        #expect(try ask("containerd-config-broken", after: false) { $0.containerd().refusal?.line } == 3)
    }

    @Test(
        "k3s's mirrors are found as configure leaves them",
        arguments: [
            ("k3s-mirrors", MirrorStanding.first), ("k3s-crlf", .first), ("k3s-by-hand-second", .behindOthers),
            ("k3s-one-line", .unreadable), ("k3s-nothing", .first),
        ])
    func k3s(name: String, standing: MirrorStanding) throws {
        #expect(try ask(name, after: true) { $0.k3s().mirrors[.dockerHub]?.standing } == standing)
    }

    @Test("dockerd's and podman's are found as configure leaves them")
    func others() throws {
        for name in ["docker-nothing", "docker-others", "docker-mirrors-lines"] {
            #expect(try ask(name, after: true) { $0.docker().mirrors[.dockerHub]?.standing } == .first)
            #expect(try ask(name, after: false) { $0.docker().mirrors[.dockerHub]?.standing } == .absent)
        }
        for name in ["podman-nothing", "podman-registry-elsewhere", "podman-crlf"] {
            #expect(try ask(name, after: true) { $0.podman().mirrors[.dockerHub]?.standing } == .first)
            #expect(try ask(name, after: false) { $0.podman().mirrors[.dockerHub]?.standing } == .absent)
        }
    }

    @Test("a runtime is found by its programs or its configuration's folder")
    func found() throws {
        #expect(try ask("k3s-rke2", after: false) { $0.found } == [.k3s])
        #expect(try ask("docker-nothing", after: false) { $0.found } == [])
    }
}
