import FoundationEssentials

/// What the harness takes from the environment of `swift test`.
enum Environment {
    static let all = ProcessInfo.processInfo.environment

    /// The top of the checkout.
    static let root = String(#filePath.dropLast("/Tests/EndToEnd/Harness/Environment.swift".count))

    /// The agent under test.
    static let binary: String = {
        let files = FileManager.default
        let candidates = [all["SHOAL_BINARY"], "\(root)/.build/release/shoal", "\(root)/.build/debug/shoal"]
        return candidates.compactMap(\.self).first { files.isExecutableFile(atPath: $0) }
            ?? "\(root)/.build/release/shoal"
    }()

    /// Whether the agent was built for speed: how fast or small it is, is promised of no other.
    static let isRelease = !binary.contains("/debug/")

    /// What agents are told to log, where it is more than usual: `SHOAL_TEST_LOG=debug`.
    static let agentOptions = all["SHOAL_TEST_LOG"].map { ["--log-level", $0] } ?? []

    /// Under CI a test that cannot run is a failure.
    static let isCI = all["CI"] == "true" || all["CI"] == "1"
}

/// What went wrong in the harness or in a program that it runs, not in an expectation.
struct HarnessError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
