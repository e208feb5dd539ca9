import FoundationEssentials
import SystemPackage

/// A folder for the time of a test.
enum TemporaryFolder {
    static func with<Value>(_ body: (FilePath) async throws -> Value) async throws -> Value {
        let path = FilePath("/tmp/shoal-test-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: path.string) }
        return try await body(path)
    }

    static func write(_ text: String, to path: FilePath) throws {
        try Data(text.utf8).write(to: URL(filePath: path.string))
    }
}
