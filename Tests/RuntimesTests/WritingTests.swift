import FoundationEssentials
import Glibc
import OCI
import SystemPackage
import Testing

@testable import Runtimes

@Suite struct WritingTests {
    private let folder: TemporaryFolder
    private let tree: FileTree
    private let hosts = "etc/containerd/certs.d/docker.io/hosts.toml"

    init() throws {
        folder = try TemporaryFolder()
        tree = FileTree(root: FilePath(folder.path))
    }

    private func write(_ text: String, to path: String) throws {
        let place = folder.path + "/" + path
        let above = URL(filePath: place).deletingLastPathComponent().path
        try FileManager.default.createDirectory(atPath: above, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: place))
    }

    private func text(_ path: String) throws -> String {
        try String(decoding: Data(contentsOf: URL(filePath: folder.path + "/" + path)), as: UTF8.self)
    }

    private func setup(_ registries: String...) throws -> ContainerdSetup {
        var setup = ContainerdSetup(mirror: Mirror(authority: "127.0.0.1:5050"))
        if !registries.isEmpty { setup.registries = .named(try registries.map { try RegistryName($0) }) }
        setup.version = ContainerdVersion(major: 1, minor: 7)
        return setup
    }

    @Test("a file keeps its mode and its owner, and no temporary file stays behind")
    func modeAndOwner() throws {
        try write("# mine\n", to: hosts)
        let place = folder.path + "/" + hosts
        #expect(chmod(place, 0o640) == 0)
        let isRoot = geteuid() == 0
        if isRoot { #expect(chown(place, 1234, 4321) == 0) }
        try tree.apply(setup("docker.io").plan(in: tree))
        var status = stat()
        #expect(stat(place, &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o640)
        if isRoot { #expect(status.st_uid == 1234 && status.st_gid == 4321) }
        #expect(tree.names(in: "/etc/containerd/certs.d/docker.io") == ["hosts.toml"])
    }

    /// setfsuid(2), which glibc's module map does not have: for this thread alone.
    private func lookAtFiles(as user: uid_t) throws {
        typealias Function = @convention(c) (uid_t) -> CInt
        let symbol = try #require(dlsym(nil, "setfsuid"))
        _ = unsafeBitCast(symbol, to: Function.self)(user)
    }

    @Test("a file that may not be written is named, with the reason, and no other file is touched either")
    func readOnly() throws {
        try write("# mine\n", to: "etc/containerd/certs.d/ghcr.io/hosts.toml")
        try write("# mine\n", to: hosts)
        #expect(chmod(folder.path + "/" + hosts, 0o444) == 0)
        #expect(chmod(folder.path, 0o755) == 0)
        let before = try TreeSnapshot(folder.path)
        let plan = try setup("ghcr.io", "docker.io").plan(in: tree)
        // To root everything is writable: this thread looks at files as nobody does.
        try lookAtFiles(as: 65534)
        let refusal = #expect(throws: Refusal.self) { try tree.apply(plan) }
        try lookAtFiles(as: geteuid())
        let file = geteuid() == 0 ? "/etc/containerd/certs.d/ghcr.io/hosts.toml" : "/" + hosts
        #expect(refusal?.path.string == file)
        #expect(refusal?.reason.contains("Permission denied") == true)
        #expect(try TreeSnapshot(folder.path) == before)
    }

    @Test("a folder in which nothing may be made is told before any file is written")
    func readOnlyFolder() throws {
        try write("# mine\n", to: "etc/containerd/certs.d/ghcr.io/hosts.toml")
        #expect(chmod(folder.path, 0o755) == 0)
        let before = try TreeSnapshot(folder.path)
        var plan = try setup("docker.io").plan(in: tree)
        plan.edits.removeAll { $0.before != nil }
        try lookAtFiles(as: 65534)
        let refusal = geteuid() == 0 ? #expect(throws: Refusal.self) { try tree.apply(plan) } : nil
        try lookAtFiles(as: geteuid())
        #expect(refusal?.reason.contains("Permission denied") != false)
        #expect(try TreeSnapshot(folder.path) == before)
    }

    @Test("all registries after one: that one's file keeps its server")
    func allAfterOne() throws {
        try tree.apply(setup("registry.lan:5000").plan(in: tree))
        let path = "etc/containerd/certs.d/registry.lan:5000/hosts.toml"
        let before = try text(path)
        #expect(before.contains("server = \"https://registry.lan:5000\""))
        try tree.apply(setup().plan(in: tree))
        #expect(try text(path) == before)
        #expect(tree.names(in: "/etc/containerd/certs.d") == ["_default", "registry.lan:5000"])
        try tree.apply(setup().undoPlan(in: tree))
        #expect(tree.names(in: "/") == [])
    }

    @Test("what somebody wrote outside the block since stays, and the file with it")
    func laterEdits() throws {
        try tree.apply(setup("docker.io").plan(in: tree))
        try write(text(hosts) + "\n[host.\"https://later.example.com\"]\n", to: hosts)
        try tree.apply(setup().undoPlan(in: tree))
        #expect(try text(hosts) == "\n[host.\"https://later.example.com\"]\n")
        #expect(tree.names(in: "/etc/containerd") == ["certs.d"])
    }

    @Test("registries come one by one, and go one by one")
    func oneByOne() throws {
        try FileManager.default.createDirectory(atPath: folder.path + "/etc", withIntermediateDirectories: true)
        let before = try TreeSnapshot(folder.path)
        try tree.apply(setup("docker.io").plan(in: tree))
        try tree.apply(setup("ghcr.io").plan(in: tree))
        try tree.apply(setup("docker.io").undoPlan(in: tree))
        #expect(tree.names(in: "/etc/containerd/certs.d") == ["ghcr.io"])
        #expect(tree.names(in: "/etc/containerd") == ["certs.d", "config.toml"])
        try tree.apply(setup("ghcr.io").undoPlan(in: tree))
        #expect(try TreeSnapshot(folder.path) == before)
    }

    @Test("podman's and k3s's registries add up, and the file goes with the last", arguments: ["podman", "k3s"])
    func addingUp(runtime: String) throws {
        let before = try TreeSnapshot(folder.path)
        func plan(_ name: String, undo: Bool) throws -> RuntimePlan {
            let mirror = Mirror(authority: "127.0.0.1:5050")
            let registries = RegistryChoice.named([try RegistryName(name)])
            if runtime == "k3s" {
                var setup = K3sSetup(mirror: mirror)
                setup.registries = registries
                return undo ? setup.undoPlan(in: tree) : setup.plan(in: tree)
            }
            var setup = PodmanSetup(mirror: mirror)
            setup.registries = registries
            return undo ? setup.undoPlan(in: tree) : setup.plan(in: tree)
        }
        for name in ["docker.io", "ghcr.io"] { try tree.apply(plan(name, undo: false)) }
        for name in ["docker.io", "ghcr.io"] { #expect(try plan(name, undo: false).edits.isEmpty) }
        try tree.apply(plan("docker.io", undo: true))
        #expect(try plan("ghcr.io", undo: false).edits.isEmpty)
        try tree.apply(plan("ghcr.io", undo: true))
        #expect(try TreeSnapshot(folder.path) == before)
    }

    @Test("another address of the mirror takes the old one's place")
    func otherAddress() throws {
        try write("[host.\"https://m.example.com\"]\n", to: hosts)
        try tree.apply(setup("docker.io").plan(in: tree))
        var other = try setup("docker.io")
        other.mirror.authority = "127.0.0.1:6060"
        try tree.apply(other.plan(in: tree))
        #expect(try text(hosts).contains("[host.\"http://127.0.0.1:6060\"]"))
        #expect(try !text(hosts).contains("5050"))
        try tree.apply(other.undoPlan(in: tree))
        #expect(try text(hosts) == "[host.\"https://m.example.com\"]\n")
    }

    @Test("the diff is one that patch(1) reads: new, changed and without a line feed at its end")
    func diff() {
        let new = FileEdit(path: "/a", before: nil, after: "one\ntwo\n")
        #expect(new.diff == "--- /dev/null\n+++ /a\n@@ -0,0 +1,2 @@\n+one\n+two\n")
        let gone = FileEdit(path: "/a", before: "one", after: nil)
        #expect(gone.diff == "--- /a\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-one\n\\ No newline at end of file\n")
        let lines = (1...9).map { "\($0)\n" }
        let changed = FileEdit(
            path: "/a", before: lines.joined(), after: lines.joined().replacing("5\n", with: "five\n"))
        #expect(changed.diff == "--- /a\n+++ /a\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n")
    }

    @Test(
        "containerd's version is read from what it prints",
        arguments: [
            ("containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u3", 1, 6),
            ("containerd github.com/containerd/containerd/v2 2.1.9~ds1 2.1.9~ds1-1", 2, 1),
            ("containerd containerd.io v2.1.5 fcd43222d6b07379a4be9786bda52438f0dd16a1", 2, 1), ("1.7", 1, 7),
        ])
    func version(text: String, major: Int, minor: Int) {
        #expect(ContainerdVersion(text) == ContainerdVersion(major: major, minor: minor))
    }
}
