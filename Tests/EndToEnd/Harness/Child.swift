import Glibc
import Synchronization
import Testing

/// A process that a test started: what it prints goes to files, so that no pipe can fill, and its end is asked for,
/// never assumed. Everything that it starts in turn ends with the sandbox at the latest.
final class Child: Sendable {
    enum Exit: Equatable {
        case code(CInt)
        case signal(CInt)
    }

    let pid: pid_t
    let name: String
    private let exitStatus = Mutex<Exit?>(nil)

    /// Starts a program found on the PATH. `output` and `errors` may be the same file.
    init(_ arguments: [String], environment: [String: String] = [:], output: String, errors: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let mode = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, mode, 0o644)
        posix_spawn_file_actions_addopen(&actions, 2, errors, mode, 0o644)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var variables = Environment.all
        // Said to the harness; an agent would take it for a key of its configuration, and warn.
        variables["SHOAL_BINARY"] = nil
        // A crash is told in a few lines, and at once.
        variables["SWIFT_BACKTRACE"] =
            "enable=yes,color=no,threads=crashed,registers=none,images=none,limit=20,symbolicate=fast"
        variables.merge(environment) { $1 }
        let argv = arguments.map { strdup($0) } + [nil]
        let envp = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var pid: pid_t = 0
        let failure = posix_spawnp(&pid, arguments[0], &actions, &attributes, argv, envp)
        guard failure == 0 else {
            throw HarnessError("cannot start \(arguments[0]): \(String(cString: strerror(failure)))")
        }
        self.pid = pid
        self.name = arguments[0]
    }

    /// How the process ended; nil while it runs.
    var exit: Exit? {
        exitStatus.withLock { known in
            if known == nil {
                var status: CInt = 0
                if waitpid(pid, &status, WNOHANG) == pid {
                    let signal = status & 0x7f
                    known = signal == 0 ? .code((status >> 8) & 0xff) : .signal(signal)
                }
            }
            return known
        }
    }

    var isRunning: Bool { exit == nil }

    func send(_ signal: CInt) {
        if isRunning { kill(pid, signal) }
    }

    /// Waits for the end, and kills the process when it does not come in time.
    @discardableResult
    func wait(within limit: Duration) async throws -> Exit {
        do {
            try await eventually("\(name) ends", within: limit) { self.exit != nil }
        } catch {
            send(SIGKILL)
            throw error
        }
        return try #require(exit)
    }

    /// Ends the process at once, and returns when it is gone.
    func destroy() async throws {
        send(SIGKILL)
        try await wait(within: .seconds(10))
    }
}
