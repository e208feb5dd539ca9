import FoundationEssentials
import Testing

/// The Debian package of the agent under test, as `deploy/package` makes it.
enum Package {
    /// Makes it under some version, and returns its file.
    static func make(version: String, in folder: String) async throws -> String {
        let told = try await Command(
            ["\(Environment.root)/deploy/package", "--output", folder, "--version", version],
            environment: ["SHOAL_BINARY": Environment.binary], within: .seconds(300)
        ).run()
        let file = try #require(told.split(separator: " ").first.map(String.init))
        guard FileManager.default.fileExists(atPath: file) else { throw HarnessError("deploy/package made no \(file)") }
        return file
    }
}
