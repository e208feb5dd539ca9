import Agent
import Glibc
import SystemPackage

/// Standard output and standard error.
enum Output {
    static var style: TextStyle { TextStyle(isTerminal: isTerminal, environment: Environment.variables) }
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

    static func printError(_ text: String) {
        _ = try? FileDescriptor.standardError.writeAll(text.utf8)
    }
}
