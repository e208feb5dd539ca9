import FoundationEssentials
import Glibc
import Synchronization
import Testing

/// The mDNS responder of one machine: a D-Bus and an avahi-daemon of its own, which know nothing of the other machines' but what
/// comes over the LAN. They end with the LAN.
final class Avahi: Sendable {
    private let machine: Machine
    private let lan: LAN
    private let folder: String
    private let daemon = Mutex<Child?>(nil)

    /// Where its D-Bus listens, running or not; for the agent's environment.
    var environment: [String: String] { ["DBUS_SYSTEM_BUS_ADDRESS": address] }

    private var address: String { "unix:path=\(folder)/bus" }

    /// - Parameter folder: for sockets, configuration and logs.
    init(on machine: Machine, lan: LAN, folder: String) throws {
        self.machine = machine
        self.lan = lan
        self.folder = folder
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    func startBus() async throws {
        // A system bus with the rights that Debian's files give avahi, without the files.
        let settings = """
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
             "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig>
              <listen>\(address)</listen>
              <auth>EXTERNAL</auth>
              <policy context="default">
                <allow send_destination="*" eavesdrop="false"/>
                <allow receive_sender="*"/>
                <allow own="*"/>
                <allow user="*"/>
              </policy>
            </busconfig>

            """
        try Data(settings.utf8).write(to: URL(filePath: folder + "/bus.conf"))
        try? FileManager.default.removeItem(atPath: folder + "/bus")
        _ = try lan.start(
            ["dbus-daemon", "--config-file=\(folder)/bus.conf", "--nofork", "--nopidfile"], on: machine,
            log: folder + "/bus.log")
        try await eventually("the D-Bus of \(machine.name) listens") {
            FileManager.default.fileExists(atPath: folder + "/bus")
        }
    }

    func startDaemon() throws {
        let settings = """
            [server]
            use-ipv4=yes
            use-ipv6=yes
            enable-dbus=yes
            [wide-area]
            enable-wide-area=no
            [publish]
            publish-workstation=no
            publish-hinfo=no

            """
        try Data(settings.utf8).write(to: URL(filePath: folder + "/avahi.conf"))
        // Its pid file and its own socket have fixed names: a mount namespace keeps those of the machines apart.
        let script = """
            mkdir -p /run/avahi-daemon && mount -t tmpfs tmpfs /run/avahi-daemon \
            && exec env DBUS_SYSTEM_BUS_ADDRESS=\(address) avahi-daemon --no-drop-root --no-chroot --no-rlimits \
            --file=\(folder)/avahi.conf
            """
        let child = try lan.start(["unshare", "--mount", "sh", "-c", script], on: machine, log: folder + "/avahi.log")
        daemon.withLock { $0 = child }
    }

    /// Until the machine's name is known to be its own, a second after the daemon's start: in life that was long ago.
    func settles() async throws {
        try await eventually("the avahi-daemon of \(machine.name) has its host name") {
            try String(decoding: Data(contentsOf: URL(filePath: folder + "/avahi.log")), as: UTF8.self)
                .contains("Server startup complete")
        }
    }

    /// SIGTERM: it says goodbye for what it announced.
    func stopDaemon() async throws {
        let child = try #require(daemon.withLock { $0 })
        child.send(SIGTERM)
        try await child.wait(within: .seconds(10))
    }

    /// SIGKILL: it says nothing.
    func killDaemon() async throws {
        try await #require(daemon.withLock { $0 }).destroy()
    }
}
