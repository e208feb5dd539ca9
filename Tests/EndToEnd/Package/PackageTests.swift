import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// The package on a real Debian: installed, upgraded, broken, removed.
    @Suite(
        .serialized,
        .needs(
            .root, .sandbox, .agent, .patience, .program("systemd-nspawn"), .program("debootstrap"),
            .program("dpkg-deb"),
            .program("containerd"), .program("docker-registry")))
    struct PackageTests {
        private static let upstream =
            "\n[upstream.\"registry.test\"]\nurl = \"http://registry.test\"\nplain_http = true\n"

        /// A booted Debian with the package installed, told of the test's registry.
        private func installed(on lan: LAN, version: String = "1.0") async throws -> BootedDebian {
            let debian = try await BootedDebian("debian", "10.77.0.21", lan: lan)
            let file = try await Package.make(version: version, in: lan.folder.path)
            try await install(file, on: debian)
            let configuration = try debian.read("/etc/shoal/config.toml")
            try debian.write(configuration + Self.upstream, to: "/etc/shoal/config.toml")
            try await debian.run("systemctl", "restart", "shoal")
            let hosts = """
                server = "http://registry.test"

                [host."http://127.0.0.1:5050"]
                  capabilities = ["pull", "resolve"]

                """
            try debian.write(hosts, to: "/etc/containerd/certs.d/registry.test/hosts.toml")
            return debian
        }

        private func install(_ file: String, on debian: BootedDebian) async throws {
            let name = "/root/" + (file.split(separator: "/").last.map(String.init) ?? "")
            try await Command(["cp", file, debian.root + name]).run()
            try await debian.run("env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--install", name)
        }

        private func pull(_ image: Fixtures.Image, on debian: BootedDebian) async throws {
            try await debian.run(
                "ctr", "images", "pull", "--snapshotter", "native", "--hosts-dir", "/etc/containerd/certs.d",
                image.tagged())
        }

        private func signal(_ name: String, _ debian: BootedDebian) async throws {
            try await debian.run("systemctl", "kill", "--kill-who=main", "--signal=SIG\(name)", "shoal")
        }

        /// Asks the mirror again and again while something happens. Returns how often it answered.
        private func asking(_ debian: BootedDebian, _ happening: () async throws -> Void) async throws -> Int {
            let script = """
                rm -f /run/asked /run/refused /run/stop
                while [ ! -e /run/stop ]; do
                    if curl -s -o /dev/null --max-time 60 http://127.0.0.1:5050/v2/; then echo >>/run/asked
                    else echo $? >>/run/refused; fi
                done &
                """
            try await debian.run("systemd-run", "--unit=asking", "--service-type=forking", "sh", "-c", script)
            try await happening()
            try await debian.shell("touch /run/stop; while systemctl --quiet is-active asking; do sleep 0.1; done")
            let refused = try await debian.shell("cat /run/refused 2>/dev/null || true")
            #expect(refused == "", "curl's exit codes: 7 is refused, 52 nothing, 56 reset")
            return try await debian.shell("wc -l </run/asked || echo 0").split(separator: "\n").first
                .flatMap { Int($0.filter(\.isNumber)) } ?? 0
        }

        @Test("installed, it runs hardened, pulls from a peer, and shares what containerd holds")
        func pulls() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.demo)
                let registry = try await lan.registry()
                let peer = try await lan.node(.besideContainerd)
                try await Containerd(on: peer).pull(image.tagged())
                let debian = try await installed(on: lan)

                #expect(try await debian.property("ActiveState") == "active")
                #expect(try await debian.property("StatusText").hasPrefix("Ready: "))
                #expect(try await debian.property("User") == "shoal")
                #expect(try await debian.property("ActiveState", of: "shoal.socket") == "active")
                let exposure = try await debian.run("systemd-analyze", "security", "shoal.service", "--no-pager")
                let level = try #require(
                    exposure.split(separator: "\n").last.flatMap { line in
                        line.split(separator: " ").compactMap { Double($0) }.first
                    })
                #expect(level <= 1.7)

                // What the agent sees of the machine, asked by root in its place.
                let process = try await debian.property("MainPID")
                func seen(_ command: String, inside: Bool = true) async throws -> String {
                    let place = inside ? "nsenter --target \(process) --mount -- " : ""
                    return try await debian.shell("\(place)sh -c '\(command)' 2>/dev/null || true")
                }
                try await debian.shell("touch /root/mine")
                for command in ["cat /etc/shadow", "ls -A /root", "touch /usr/mine && echo written"] {
                    #expect(try await seen(command) == "", "\(command)")
                    #expect(try await seen(command, inside: false) != "", "\(command)")
                }
                #expect(try await seen("touch /var/lib/shoal/mine && echo written") == "written\n")

                try await eventually("debian hears that the peer holds the image", within: .seconds(20)) {
                    try await debian.status().peers.contains { $0.blobs >= image.blobs.count }
                }
                let before = try registry.requests(for: "/blobs/").count
                try await pull(image, on: debian)
                #expect(try registry.requests(for: "/blobs/").count == before, "every blob came from the peer")
                #expect(try await debian.status().bytes.peers >= image.bytes)
                try await eventually("containerd's content is shared", within: .seconds(20)) {
                    try await debian.status().shared.blobs >= image.blobs.count
                }
                let log = try await debian.run(
                    "journalctl", "--unit", "shoal", "--priority", "warning", "--output", "cat")
                #expect(
                    log == "-- No entries --\n" || log.isEmpty, "nothing to warn of: containerd's files can be read")

                // The command line is for the group.
                let asMember = try await debian.result(
                    "setpriv", "--reuid=65534", "--regid=65534", "--groups",
                    try await debian.run("getent", "group", "shoal").split(separator: ":")[2].description, "shoal",
                    "status")
                #expect(asMember.exit == .code(0), "\(asMember.errors)")
                let asStranger = try await debian.result(
                    "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "shoal", "status")
                #expect(asStranger.exit == .code(1))
            }
        }

        @Test("with its group and its capability taken away it pulls from a peer as before, and keeps the copy itself")
        func lessRights() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let peer = try await lan.node(.besideContainerd)
                try await Containerd(on: peer).pull(image.tagged())
                let debian = try await installed(on: lan)
                // As docs/security.md has it.
                try debian.write(
                    "[Service]\nSupplementaryGroups=\nAmbientCapabilities=\nCapabilityBoundingSet=\n",
                    to: "/etc/systemd/system/shoal.service.d/rights.conf")
                try await debian.shell(
                    #"sed -i 's|^#address = "auto"|address = ""|' /etc/shoal/config.toml; systemctl daemon-reload"#)
                try await debian.run("systemctl", "restart", "shoal")
                let process = try await debian.property("MainPID")
                let rights = try await debian.shell("grep -E '^(CapEff|CapBnd|Groups):' /proc/\(process)/status")
                let own = try await debian.run("getent", "group", "shoal").split(separator: ":")[2]
                #expect(
                    rights.split(whereSeparator: \.isWhitespace) == [
                        "Groups:", own, "CapEff:", "0000000000000000", "CapBnd:", "0000000000000000",
                    ])
                // Its memory other processes of its user do not see either, as they see one another's.
                try await debian.run("systemd-run", "--unit=other", "--uid=shoal", "sleep", "1000")
                for (target, isSeen) in [(process, false), (try await debian.property("MainPID", of: "other"), true)] {
                    let environment = try await debian.shell(
                        "setpriv --reuid=shoal --regid=shoal --clear-groups cat /proc/\(target)/environ || true")
                    #expect(environment.contains("PATH=") == isSeen)
                }

                try await eventually("debian hears that the peer holds the image", within: .seconds(20)) {
                    try await debian.status().peers.contains { $0.blobs >= image.blobs.count }
                }
                let before = try registry.requests(for: "/blobs/").count
                try await pull(image, on: debian)
                #expect(try registry.requests(for: "/blobs/").count == before, "every blob came from the peer")
                #expect(try await debian.status().store.bytes >= image.bytes)
            }
        }

        @Test("killed, hung or upgraded, it comes back by itself with what it had, and no pull is refused")
        func survives() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                let debian = try await installed(on: lan)
                _ = try await debian.run(
                    "curl", "--fail", "--silent", "--output", "/dev/null",
                    "http://127.0.0.1:5050/v2/debian/small/blobs/\(try #require(image.blobs.first).digest)?ns=registry.test"
                )
                let held = try await debian.status().store.bytes
                #expect(held > 0)

                let first = try await debian.property("MainPID")
                let answered = try await asking(debian) {
                    try await signal("KILL", debian)
                    try await eventually("it is restarted after SIGKILL", within: .seconds(20)) {
                        let state = try await debian.property("ActiveState")
                        return try await debian.property("MainPID") != first && state == "active"
                    }
                }
                #expect(answered > 0)
                #expect(try await debian.property("NRestarts") == "1")
                #expect(try await debian.status().store.bytes == held)

                try debian.write("[Service]\nWatchdogSec=2\n", to: "/etc/systemd/system/shoal.service.d/watchdog.conf")
                try await debian.shell("systemctl daemon-reload; systemctl restart shoal")
                let second = try await debian.property("MainPID")
                try await signal("STOP", debian)
                try await eventually("the watchdog restarts it", within: .seconds(30)) {
                    let state = try await debian.property("ActiveState")
                    return try await debian.property("MainPID") != second && state == "active"
                }
                #expect(
                    try await debian.run("journalctl", "--unit", "shoal", "--output", "cat").contains(
                        "Watchdog timeout"))

                let next = try await Package.make(version: "1.1", in: lan.folder.path)
                let configuration = try debian.read("/etc/shoal/config.toml")
                let third = try await debian.property("MainPID")
                let duringUpgrade = try await asking(debian) { try await install(next, on: debian) }
                #expect(duringUpgrade > 0)
                #expect(try await debian.run("dpkg-query", "-W", "-f", "${Version}", "shoal") == "1.1")
                #expect(try await debian.property("ActiveState") == "active")
                #expect(try await debian.property("MainPID") != third)
                #expect(try debian.read("/etc/shoal/config.toml") == configuration)
                #expect(try await debian.status().store.bytes == held)

                let duringReload = try await asking(debian) { try await debian.run("systemctl", "reload", "shoal") }
                #expect(duringReload > 0)
                #expect(try await debian.property("ActiveState") == "active")
            }
        }

        @Test(
            "stopped, pulls are refused at once; a pull starts it again while the socket is open; a mistake in the configuration is told; purged, it leaves no trace"
        )
        func leaves() async throws {
            try await LAN.with { lan in
                let debian = try await installed(on: lan)
                try await debian.run("systemctl", "stop", "shoal.socket", "shoal.service")
                #expect(try await debian.result("curl", "--silent", "http://127.0.0.1:5050/v2/").exit == .code(7))
                try await debian.run("systemctl", "start", "shoal.socket")
                try await debian.run("curl", "--silent", "--output", "/dev/null", "http://127.0.0.1:5050/v2/")
                #expect(try await debian.property("ActiveState") == "active")

                let configuration = try debian.read("/etc/shoal/config.toml")
                try debian.write("nonsense = 1\n", to: "/etc/shoal/config.toml")
                #expect(try await debian.result("systemctl", "restart", "shoal").exit != .code(0))
                try await eventually("the mirror is given up, instead of letting pulls wait", within: .seconds(20)) {
                    try await debian.result("curl", "--silent", "--max-time", "5", "http://127.0.0.1:5050/v2/").exit
                        == .code(7)
                }
                let log = try await debian.run("journalctl", "--unit", "shoal", "--output", "cat")
                #expect(log.contains("/etc/shoal/config.toml: nonsense is not a key"))
                try debian.write(configuration, to: "/etc/shoal/config.toml")
                try await debian.shell(
                    "systemctl reset-failed shoal.service shoal.socket; systemctl start shoal.socket shoal")

                try await debian.run("dpkg", "--remove", "shoal")
                #expect(try await debian.result("curl", "--silent", "http://127.0.0.1:5050/v2/").exit == .code(7))
                #expect(try debian.read("/etc/shoal/config.toml") == configuration, "removed, not purged")
                try await debian.run("dpkg", "--purge", "shoal")
                let traces = try await debian.shell(
                    "rm -f /root/shoal_*; find / -xdev -iname '*shoal*' -not -path '/proc/*'; "
                        + "getent passwd shoal || true; getent group shoal || true; "
                        + "systemctl list-units --all --plain --no-legend 'shoal*'; "
                        + "systemctl list-unit-files --no-legend 'shoal*' || true")
                #expect(traces == "")
            }
        }
    }
}
