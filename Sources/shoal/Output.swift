import Agent
import Glibc
import SystemPackage

/// Standard output and standard error.
enum Output {
    static var style: TextStyle { TextStyle(isTerminal: isTerminal, environment: Environment.variables) }
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Writes at once; a reader that has gone (`shoal status | head`) is no error.
    static func print(_ text: String) { print(Array(text.utf8)) }

    static func print(_ bytes: [UInt8]) {
        _ = try? FileDescriptor.standardOutput.writeAll(bytes)
    }

    /// A JSON document as the agent sent it, and a line feed.
    static func printJSON(_ json: [UInt8]) { print(json + [UInt8(ascii: "\n")]) }

    static func printError(_ text: String) {
        _ = try? FileDescriptor.standardError.writeAll(text.utf8)
    }
}
