import FoundationEssentials
import Glibc

/// A program run to its end.
struct Command: Sendable {
    struct Result: Sendable {
        let exit: Child.Exit
        let output: [UInt8]
        let errors: String

        var succeeded: Bool { exit == .code(0) }
        var text: String { String(decoding: output, as: UTF8.self) }
    }

    var arguments: [String]
    var environment: [String: String] = [:]
    var limit: Duration = .seconds(120)

    init(_ arguments: [String], environment: [String: String] = [:], within limit: Duration = .seconds(120)) {
        self.arguments = arguments
        self.environment = environment
        self.limit = limit
    }

    /// Runs it, however it ends. Throws where it cannot be started, or does not end in time.
    func result() async throws -> Result {
        let folder = try TemporaryFolder()
        let child = try Child(
            arguments, environment: environment, output: folder.path + "/out", errors: folder.path + "/err")
        let exit = try await child.wait(within: limit)
        let errors = try [UInt8](Data(contentsOf: URL(filePath: folder.path + "/err")))
        return try Result(
            exit: exit, output: [UInt8](Data(contentsOf: URL(filePath: folder.path + "/out"))),
            errors: String(decoding: errors, as: UTF8.self))
    }

    /// Runs it and hands back what it printed; a failure is an error with what it said.
    @discardableResult
    func run() async throws -> String {
        let result = try await result()
        guard result.succeeded else {
            let said = (result.errors + result.text).split(separator: "\n").suffix(8).joined(separator: "\n")
            throw HarnessError("\(arguments.joined(separator: " ")) ended with \(result.exit):\n\(said)")
        }
        return result.text
    }
}

extension Command {
    /// Runs lines of words one after another.
    static func run(_ lines: [String]) async throws {
        for line in lines { try await Command(line.split(separator: " ").map(String.init)).run() }
    }
}

/// A folder that goes with its owner. Its path is short, because sockets live in it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/shoal-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw HarnessError("cannot make a folder in /tmp") }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}
