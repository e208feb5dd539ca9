import Glibc
import Synchronization

/// A program on a terminal of its own: it is typed to, its window can be made another size, and what it draws is kept as a screen.
final class Pseudoterminal: Sendable {
    let pid: pid_t
    private let master: CInt
    private let state: Mutex<State>

    private struct State {
        var screen: TerminalScreen
        var output: [UInt8] = []
        var exit: Child.Exit?
    }

    /// Starts a program found on the PATH, as the leader of a session whose terminal this is.
    init(_ arguments: [String], environment: [String: String] = [:], columns: Int, rows: Int) throws {
        let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
        // What unlockpt(3) and ptsname(3) do, which Swift does not see: ioctl_tty(2).
        var (lock, number): (CInt, CInt) = (0, 0)
        let (unlocking, naming): (UInt, UInt) = (0x4004_5431, 0x8004_5430)
        guard master >= 0, ioctl(master, unlocking, &lock) == 0, ioctl(master, naming, &number) == 0 else {
            throw HarnessError("no pseudo-terminal can be had")
        }
        let slave = "/dev/pts/\(number)"
        self.master = master
        state = Mutex(State(screen: TerminalScreen(columns: columns, rows: rows)))
        Self.setSize(of: master, columns, rows)

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // Opened by the leader of a new session it becomes that session's terminal.
        posix_spawn_file_actions_addopen(&actions, 0, slave, O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, 0, 1)
        posix_spawn_file_actions_adddup2(&actions, 0, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        let session: Int16 = 0x80  // POSIX_SPAWN_SETSID, which Swift does not see
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) | session)
        var variables = Environment.all
        variables["NO_COLOR"] = nil
        variables["TERM"] = "xterm"
        variables.merge(environment) { $1 }
        let argv = arguments.map { strdup($0) } + [nil]
        let envp = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var pid: pid_t = 0
        let failure = posix_spawnp(&pid, arguments[0], &actions, &attributes, argv, envp)
        guard failure == 0 else {
            close(master)
            throw HarnessError("cannot start \(arguments[0]): \(String(cString: strerror(failure)))")
        }
        self.pid = pid
    }

    deinit {
        kill(pid, SIGKILL)
        close(master)
    }

    /// What the terminal shows now.
    var screen: TerminalScreen {
        read()
        return state.withLock { $0.screen }
    }

    /// All that was ever written to it.
    var output: String {
        read()
        return state.withLock { String(decoding: $0.output, as: UTF8.self) }
    }

    /// How the program ended; nil while it runs.
    var exit: Child.Exit? {
        read()
        return state.withLock { state in
            var status: CInt = 0
            if state.exit == nil, waitpid(pid, &status, WNOHANG) == pid {
                let signal = status & 0x7f
                state.exit = signal == 0 ? .code((status >> 8) & 0xff) : .signal(signal)
            }
            return state.exit
        }
    }

    /// Whether what is typed is shown, and read line by line: as a shell wants its terminal.
    var isCooked: Bool {
        var mode = termios()
        guard tcgetattr(master, &mode) == 0 else { return false }
        let wanted = tcflag_t(ICANON | ECHO)
        return mode.c_lflag & wanted == wanted
    }

    func type(_ keys: String) {
        let bytes = Array(keys.utf8)
        _ = write(master, bytes, bytes.count)
    }

    func send(_ signal: CInt) { kill(pid, signal) }

    /// Makes the window another size; the kernel tells the program.
    func resize(columns: Int, rows: Int) {
        read()
        state.withLock { $0.screen = TerminalScreen(columns: columns, rows: rows) }
        Self.setSize(of: master, columns, rows)
    }

    @discardableResult
    func wait(within limit: Duration = .seconds(10)) async throws -> Child.Exit? {
        try await eventually("the program on the terminal ends", within: limit) { self.exit != nil }
        return exit
    }

    private func read() {
        state.withLock { state in
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = Glibc.read(master, &buffer, buffer.count)
                guard count > 0 else { return }
                state.output += buffer.prefix(count)
                state.screen.take(buffer.prefix(count))
            }
        }
    }

    private static func setSize(of master: CInt, _ columns: Int, _ rows: Int) {
        var size = winsize(
            ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }
}
