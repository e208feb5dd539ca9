import FoundationEssentials
import Glibc
import Testing

/// What a test needs of the machine. Where it is missing the test is skipped, and says why; under CI it fails.
enum Requirement: Sendable {
    case root
    /// Namespaces of its own, which `deploy/lib/sandbox` makes: a test changes no network that somebody uses.
    case sandbox
    case agent
    case program(String)
    /// Asked for by `deploy/test --all`.
    case patience

    /// Why it is not met; nil when it is.
    var lack: String? {
        switch self {
        case .root:
            geteuid() == 0 ? nil : "needs root"
        case .sandbox:
            Environment.all["DEPLOY_SANDBOX"] == "inside"
                ? nil : "needs a network of its own: run it by deploy/test, or by deploy/lib/sandbox swift test …"
        case .agent:
            FileManager.default.isExecutableFile(atPath: Environment.binary)
                ? nil : "needs the agent at \(Environment.binary): build it, or set SHOAL_BINARY"
        case .program(let name):
            Self.isOnPath(name) ? nil : "needs the program \(name): deploy/packages lists what to install"
        case .patience:
            Environment.all["DEPLOY_TEST_ALL"] == "1" ? nil : "takes minutes: deploy/test --all runs it"
        }
    }

    private var isOptional: Bool {
        if case .patience = self { true } else { false }
    }

    private static func isOnPath(_ name: String) -> Bool {
        let folders = Environment.all["PATH", default: "/usr/sbin:/usr/bin:/sbin:/bin"].split(separator: ":")
        return folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
    }

    /// Whether a test may run. Throws, which fails the test, where CI must not pass it by.
    static func areMet(_ requirements: [Requirement]) throws -> Bool {
        let missing = requirements.filter { $0.lack != nil }
        // Who did not ask for a test need not have what it takes.
        guard !missing.contains(where: \.isOptional) else { return false }
        if Environment.isCI, let first = missing.first, let lack = first.lack {
            throw HarnessError("under CI nothing is skipped, and this test \(lack)")
        }
        return missing.isEmpty
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips the test, with the reason, where the machine lacks something.
    static func needs(_ requirements: Requirement...) -> Self {
        let lacks = requirements.compactMap(\.lack).joined(separator: "; ")
        return .enabled(Comment(rawValue: lacks)) { try Requirement.areMet(requirements) }
    }
}
