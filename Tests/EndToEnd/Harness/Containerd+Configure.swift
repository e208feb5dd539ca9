import FoundationEssentials
import Glibc
import Testing

extension Containerd {
    /// `shoal configure containerd`, and the restart that it asks for.
    func configure(_ options: [String]) async throws {
        let arguments =
            [Environment.binary, "configure", "containerd", "--config", node.folder + "/config.toml"]
            + ["--certs-dir", folder + "/certs.d", "--runtime-config", folder + "/config.toml"] + options
        let said = try await Command(
            node.machine.command(arguments), environment: try searchPath.map { ["PATH": $0] } ?? [:]
        ).run()
        #expect(said.contains("Restart containerd") == said.contains("config.toml: "), "\(said)")
        guard said.contains("Restart containerd") else { return }
        try await kill()
        try await start()
    }

    /// A path on which `containerd` is the other Debian's, so that its version can be asked for.
    private var searchPath: String? {
        get throws {
            guard let debian else { return nil }
            let place = folder + "/bin"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            let script = "#!/bin/sh\nexec chroot \(debian) containerd \"$@\"\n"
            try Data(script.utf8).write(to: URL(filePath: place + "/containerd"))
            guard chmod(place + "/containerd", 0o755) == 0 else {
                throw HarnessError("cannot make \(place) executable")
            }
            return place + ":" + Environment.all["PATH", default: "/usr/sbin:/usr/bin:/sbin:/bin"]
        }
    }

    /// A command that begins a root of its own over the other Debian's, with the test's folder in it.
    func entering(_ command: [String]) -> [String] {
        guard let debian else { return command }
        let script = """
            set -e
            mkdir -p "$1/upper" "$1/work" "$1/root"
            mount -t overlay overlay -o "lowerdir=$0,upperdir=$1/upper,workdir=$1/work" "$1/root"
            cd "$1/root"
            mkdir -p ".$2"
            mount --bind "$2" ".$2"
            for place in proc sys dev; do mount --rbind "/$place" "$place"; done
            mount -t tmpfs tmpfs run
            cp /etc/hosts etc/hosts
            shift 2
            exec chroot . "$@"
            """
        return ["unshare", "--mount", "sh", "-c", script, debian, folder + "/debian", node.lan.folder.path] + command
    }

    /// A command in the root in which containerd runs.
    func inside(_ command: [String]) -> [String] {
        guard debian != nil, let process = processIdentifier else { return command }
        return ["nsenter", "--target", "\(process)", "--mount", "--root"] + command
    }
}
