import Glibc
import Testing

@testable import Agent

@Suite("What a service manager says", .serialized)
struct ServiceEnvironmentTests {
    private static let pid: pid_t = 4711

    private func environment(_ variables: [String: String], first: CInt = 900) -> ServiceEnvironment {
        ServiceEnvironment(variables: variables, pid: Self.pid, firstDescriptor: first)
    }

    @Test("without variables nobody is told anything, and nothing is inherited")
    func nothing() {
        let environment = environment([:])
        #expect(environment.notify == nil)
        #expect(environment.watchdog == nil)
        #expect(environment.sockets.sockets.isEmpty)
        #expect(environment.warnings.isEmpty)
    }

    @Test("a path and an abstract name are sockets to report to", arguments: ["/run/systemd/notify", "@/org/notify"])
    func notify(_ text: String) {
        let environment = environment(["NOTIFY_SOCKET": text])
        #expect(environment.notify != nil)
        #expect(environment.warnings.isEmpty)
    }

    @Test(
        "what is no socket's name is a warning that quotes it",
        arguments: ["", "@", "/", "notify", "vsock:2:1234", "/" + String(repeating: "x", count: 107)])
    func badNotify(_ text: String) {
        let environment = environment(["NOTIFY_SOCKET": text])
        #expect(environment.notify == nil)
        #expect(environment.warnings.count == 1)
        #expect(environment.warnings.first?.contains("NOTIFY_SOCKET=\(text)") == true)
    }

    @Test("the watchdog's time counts for this process, or where no process is named")
    func watchdog() {
        #expect(environment(["WATCHDOG_USEC": "30000000"]).watchdog == .seconds(30))
        #expect(environment(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "4711"]).watchdog == .seconds(30))
        #expect(environment(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"]).watchdog == nil)
    }

    @Test("a watchdog's time that means nothing is a warning", arguments: ["", "soon", "-1", "0", "99999"])
    func badWatchdog(_ text: String) {
        let environment = environment(["WATCHDOG_USEC": text])
        #expect(environment.watchdog == nil)
        #expect(environment.warnings.count == 1)
        #expect(environment.warnings.first?.contains("WatchdogSec=") == true)
    }

    @Test("sockets of another process, or of nobody, are left alone", arguments: ["1", "", nil])
    func othersSockets(_ pid: String?) throws {
        let socket = try ListeningTestSocket()
        ListeningTestSocket.row([socket], at: 900)
        defer { close(900) }
        var variables = ["LISTEN_FDS": "1"]
        variables["LISTEN_PID"] = pid
        let environment = environment(variables)
        #expect(environment.sockets.sockets.isEmpty)
        #expect(environment.warnings.isEmpty)
        #expect(fcntl(900, F_GETFD) == 0, "still open, and still inherited")
    }

    @Test("a number of sockets that means nothing is a warning", arguments: ["", "two", "-1", "65", "99999999999"])
    func badCount(_ text: String) {
        let environment = environment(["LISTEN_FDS": text, "LISTEN_PID": "4711"])
        #expect(environment.sockets.sockets.isEmpty)
        #expect(environment.warnings.count == 1)
        #expect(environment.warnings.first?.contains("LISTEN_FDS=\(text)") == true)
    }

    @Test("each socket is claimed once, by the address that it listens on, and is not given to children")
    func claims() throws {
        let pair = try [ListeningTestSocket(), ListeningTestSocket()]
        ListeningTestSocket.row(pair, at: 900)
        defer { for descriptor: CInt in [900, 901] { close(descriptor) } }
        let environment = environment([
            "LISTEN_FDS": "2", "LISTEN_PID": "4711", "LISTEN_FDNAMES": "mirror:docker",
        ])
        #expect(environment.warnings.isEmpty)
        #expect(environment.sockets.sockets.map(\.name) == ["mirror", "docker"])
        #expect(fcntl(900, F_GETFD) == FD_CLOEXEC)
        var sockets = environment.sockets
        let second = try #require(ListenEndpoint(text: "127.0.0.1:\(pair[1].port)"))
        #expect(sockets.claim(second) == 901)
        #expect(sockets.claim(second) == nil)
        #expect(sockets.claim(try #require(ListenEndpoint(text: "[::1]:\(pair[0].port)"))) == nil)
        #expect(sockets.claim(try #require(ListenEndpoint(text: "127.0.0.1:\(pair[0].port)"))) == 900)
        #expect(sockets.closeRest().isEmpty)
    }

    @Test("a socket that no address of the configuration claims is closed, with a warning that names it")
    func unclaimed() throws {
        let socket = try ListeningTestSocket()
        ListeningTestSocket.row([socket], at: 900)
        var sockets = environment([
            "LISTEN_FDS": "1", "LISTEN_PID": "4711", "LISTEN_FDNAMES": "shoal.socket",
        ]).sockets
        let warnings = sockets.closeRest()
        #expect(warnings.count == 1)
        #expect(warnings.first?.contains("127.0.0.1:\(socket.port) (shoal.socket)") == true)
        #expect(fcntl(900, F_GETFD) == -1)
    }

    @Test("what is no listening TCP socket is closed, with a warning")
    func unsuitable() throws {
        let idle = try ListeningTestSocket(listens: false)
        ListeningTestSocket.row([idle], at: 900)
        let datagrams = socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0)
        dup2(datagrams, 901)
        close(datagrams)
        let environment = environment(["LISTEN_FDS": "2", "LISTEN_PID": "4711"])
        #expect(environment.sockets.sockets.isEmpty)
        #expect(environment.warnings.count == 2)
        #expect(environment.warnings.allSatisfy { $0.contains("no listening TCP socket") })
        #expect(fcntl(900, F_GETFD) == -1 && fcntl(901, F_GETFD) == -1)
    }

    @Test("descriptors that are promised and not there are warnings")
    func missing() {
        let environment = environment(["LISTEN_FDS": "1", "LISTEN_PID": "4711"])
        #expect(environment.warnings.count == 1)
        #expect(environment.warnings.first?.contains("descriptor 900 is not open") == true)
    }
}
