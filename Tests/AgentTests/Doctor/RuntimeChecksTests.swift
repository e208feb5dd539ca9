import Glibc
import Runtimes
import SystemPackage
import Testing

@testable import Agent

/// Machines as folders: programs by their names, configuration as text.
@Suite struct RuntimeChecksTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func put(_ path: String, _ text: String = "") throws {
        var made = folder.path
        for part in FilePath(path).removingLastComponent().components {
            made.append(part)
            _ = made.withPlatformString { mkdir($0, 0o755) }
        }
        let file = try FileDescriptor.open(
            folder.path.appending(String(path.dropFirst())), .writeOnly, options: [.create, .truncate],
            permissions: .ownerReadWriteExecute)
        _ = try file.closeAfter { try file.writeAll(text.utf8) }
    }

    private func findings(_ version: ContainerdVersion? = nil) -> [Finding] {
        RuntimeChecks(Configuration(), FileTree(root: folder.path), version).findings()
    }

    private func first(_ check: String) -> Finding? { findings().first { $0.check == check } }

    private let hosts = "[host.\"http://127.0.0.1:5050\"]\n  capabilities = [\"pull\", \"resolve\"]\n"

    @Test("a machine without a runtime only serves others, which is no fault")
    func none() {
        #expect(findings().map(\.check) == ["runtime"])
        #expect(findings().first?.verdict == .warning)
    }

    @Test("runtimes that none of them asks the mirror are a fault with the commands that mend it")
    func unused() throws {
        try put("/usr/bin/containerd")
        try put("/usr/bin/podman")
        #expect(first("mirror.use")?.verdict == .fault)
        #expect(first("mirror.use")?.mend == "shoal configure containerd; shoal configure podman")
    }

    @Test("one runtime that asks the mirror first is enough, and says for which registries not")
    func used() throws {
        try put("/usr/bin/containerd")
        try put("/etc/containerd/certs.d/docker.io/hosts.toml", "server = \"https://registry-1.docker.io\"\n" + hosts)
        #expect(first("mirror.use") == nil)
        let finding = first("containerd.mirror")
        #expect(finding?.verdict == .ok)
        #expect(finding?.message == "containerd asks the mirror first for docker.io")
        #expect(finding?.mend?.hasPrefix("not for gcr.io, ghcr.io") == true)
    }

    @Test("containerd's version and file are named")
    func version() throws {
        try put("/usr/bin/containerd")
        let finding = findings(ContainerdVersion(major: 2, minor: 1)).first { $0.check == "containerd" }
        #expect(finding?.message == "version 2.1, /etc/containerd/config.toml")
    }

    @Test("a mirror behind others is warned of, a file that is no TOML is a fault")
    func behind() throws {
        try put("/usr/bin/containerd")
        try put("/etc/containerd/certs.d/docker.io/hosts.toml", "[host.\"http://10.0.0.1:5000\"]\n" + hosts)
        #expect(first("containerd.mirror")?.verdict == .warning)
        try put("/etc/containerd/certs.d/docker.io/hosts.toml", "[host\n")
        #expect(first("containerd.mirror")?.verdict == .fault)
        #expect(first("containerd.mirror")?.message.contains("certs.d/docker.io/hosts.toml") == true)
    }
}
