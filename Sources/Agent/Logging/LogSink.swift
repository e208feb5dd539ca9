import Glibc
import Synchronization
import SystemPackage

/// Where finished lines go.
public struct LogSink: Sendable {
    let write: @Sendable (String) -> Void

    /// Standard error.
    public static let standardError = LogSink(to: .standardError)

    /// A descriptor. Lines of several threads do not mix.
    ///
    /// A line that cannot be written is lost: there is nobody left to tell, and a log must not stop the agent. Neither must who reads it:
    /// once a pipe or the journal's socket has had no room for ``patience``, lines are lost until it has some again.
    init(to descriptor: FileDescriptor) {
        let isStuck = Mutex(false)
        write = { line in
            isStuck.withLock { isStuck in
                var rest = Array(line.utf8)[...]
                while !rest.isEmpty {
                    var question = pollfd(fd: descriptor.rawValue, events: Int16(POLLOUT), revents: 0)
                    isStuck = poll(&question, 1, isStuck ? 0 : Self.patience) == 0
                    let count = rest.prefix(Self.portion).withUnsafeBytes { isStuck ? nil : try? descriptor.write($0) }
                    guard let count, count > 0 else { return }
                    rest = rest.dropFirst(count)
                }
            }
        }
    }

    /// In milliseconds.
    private static let patience: CInt = 100
    /// A pipe that can be written to has room for so many bytes, and no write of so many blocks (pipe(7), PIPE_BUF).
    private static let portion = 4096

    init(write: @escaping @Sendable (String) -> Void) {
        self.write = write
    }
}

extension LogFormat {
    /// What standard error wants: journald's form where it is connected to the journal, else text.
    ///
    /// `JOURNAL_STREAM` is inherited by everything that a service starts, terminals among them; only the stream that it
    /// names by device and inode is the journal (systemd.exec(5)).
    public static func forStandardError(environment: [String: String]) -> LogFormat {
        guard let stream = environment["JOURNAL_STREAM"] else { return .text }
        var status = stat()
        guard fstat(STDERR_FILENO, &status) == 0 else { return .text }
        return isJournal(stream, device: UInt64(status.st_dev), inode: UInt64(status.st_ino)) ? .journal : .text
    }

    static func isJournal(_ stream: String, device: UInt64, inode: UInt64) -> Bool {
        stream == "\(device):\(inode)"
    }
}
