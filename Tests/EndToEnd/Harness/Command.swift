import Foundation
import Synchronization

/// What a finished program left.
struct Output: Sendable {
    var status: Int32
    var out: String
    var err: String

    var isSuccess: Bool { status == 0 }
}

struct CommandFailed: Error, CustomStringConvertible {
    var description: String
}

/// Runs real programs. Output goes to files, so that no pipe fills up and nothing is lost when a program is killed.
enum Command {
    /// Runs a program to its end, or kills it when it takes too long.
    @discardableResult
    static func run(
        _ arguments: [String], environment: [String: String] = [:], within limit: Duration = .seconds(120)
    ) async throws -> Output {
        let running = try Running(arguments, environment: environment)
        return try await running.wait(within: limit)
    }

    /// The same, for programs that must succeed.
    @discardableResult
    static func must(
        _ arguments: [String], environment: [String: String] = [:], within limit: Duration = .seconds(120)
    ) async throws -> Output {
        let output = try await run(arguments, environment: environment, within: limit)
        guard output.isSuccess else {
            throw CommandFailed(
                description: "\(arguments.joined(separator: " ")) exited \(output.status):\n\(output.out)\n\(output.err)")
        }
        return output
    }
}

/// A program that was started and may still run. It is killed when nobody holds this object any more.
final class Running: Sendable {
    private let process: Mutex<Process>
    private let outPath: String
    private let errPath: String
    let pid: Int32

    init(_ arguments: [String], environment: [String: String] = [:]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let base = NSTemporaryDirectory() + "/shoal-e2e-\(UUID().uuidString)"
        outPath = base + ".out"
        errPath = base + ".err"
        for path in [outPath, errPath] { _ = FileManager.default.createFile(atPath: path, contents: nil) }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: outPath)
        process.standardError = FileHandle(forWritingAtPath: errPath)
        try process.run()
        pid = process.processIdentifier
        self.process = Mutex(process)
    }

    deinit {
        if isRunning { kill(pid, SIGKILL) }
        for path in [outPath, errPath] { try? FileManager.default.removeItem(atPath: path) }
    }

    var isRunning: Bool { process.withLock { $0.isRunning } }
    var out: String { (try? String(contentsOfFile: outPath, encoding: .utf8)) ?? "" }
    var err: String { (try? String(contentsOfFile: errPath, encoding: .utf8)) ?? "" }

    func signal(_ number: Int32) { kill(pid, number) }

    func wait(within limit: Duration) async throws -> Output {
        let deadline = ContinuousClock.now.advanced(by: limit)
        while isRunning {
            guard ContinuousClock.now < deadline else {
                signal(SIGKILL)
                throw CommandFailed(description: "a program did not end in \(limit):\n\(out)\n\(err)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        return Output(status: process.withLock { $0.terminationStatus }, out: out, err: err)
    }
}

/// Waits until a condition holds, looking every few milliseconds, for a bounded time.
/// - Returns: how long it took.
@discardableResult
func eventually(
    _ what: String, within limit: Duration = .seconds(30), _ condition: () async throws -> Bool
) async throws -> Duration {
    let start = ContinuousClock.now
    while try await !condition() {
        guard start.duration(to: .now) < limit else {
            throw CommandFailed(description: "\(what): did not come true within \(limit)")
        }
        try await Task.sleep(for: .milliseconds(20))
    }
    return start.duration(to: .now)
}
