import FoundationEssentials
import Glibc
import Testing

/// What this machine lets tests do. In CI everything must be there: tests run there and fail instead of being skipped.
enum Surroundings {
    private static let variables = ProcessInfo.processInfo.environment

    /// Why there can be no containerd here; nil where there can.
    static let lackOfContainerd: String? =
        if geteuid() != 0 {
            "containerd needs root"
        } else {
            ["containerd", "ctr"].first { !isOnPath($0) }.map { "\($0) is not installed: apt-get install containerd" }
        }

    static let isCI = variables["CI"] == "true"

    private static func isOnPath(_ name: String) -> Bool {
        (variables["PATH"] ?? "").split(separator: ":").contains { access("\($0)/\(name)", X_OK) == 0 }
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips the test, with the reason, where there is no containerd.
    static var needsContainerd: Self {
        .enabled(
            if: Surroundings.lackOfContainerd == nil || Surroundings.isCI,
            Comment(rawValue: Surroundings.lackOfContainerd ?? ""))
    }
}
