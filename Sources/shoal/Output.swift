import Agent
import Glibc
import SystemPackage

/// Standard output and standard error.
enum Output {
    static var style: TextStyle {
        TextStyle(
            isTerminal: isTerminal, environment: Environment.variables,
            columns: isTerminal ? max(TextStyle.width / 2, Terminal.size.columns) : TextStyle.width)
    }
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Writes at once.
    static func print(_ text: String) { print(Array(text.utf8)) }

    static func print(_ bytes: [UInt8]) {
        do {
            try FileDescriptor.standardOutput.writeAll(bytes)
        } catch Errno.brokenPipe {
            // The reader has gone (`shoal status --watch | head`). NIO ignores the signal that would have ended us.
            signal(SIGPIPE, SIG_DFL)
            raise(SIGPIPE)
        } catch {
            printError("shoal: cannot write to standard output (\(error))\n")
        }
    }

    /// A JSON document as the agent sent it, and a line feed.
    static func printJSON(_ json: [UInt8]) { print(json + [UInt8(ascii: "\n")]) }

    /// - Returns: whether anybody reads.
    static func printLine(_ line: [UInt8]) -> Bool {
        do {
            try FileDescriptor.standardOutput.writeAll(line + [UInt8(ascii: "\n")])
            return true
        } catch Errno.brokenPipe {
            return false
        } catch {
            printError("shoal: cannot write to standard output (\(error))\n")
            exit(1)
        }
    }

    /// Whether whoever was to read has gone: a pipe without a reader.
    static var isReaderGone: Bool {
        var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        return poll(&output, 1, 0) > 0 && output.revents & Int16(POLLERR) != 0
    }

    static func printError(_ text: String) {
        _ = try? FileDescriptor.standardError.writeAll(text.utf8)
    }
}
