import Foundation
import Testing

/// What a test needs of the machine. A need that is not met is printed with its reason; in CI a missing package is a failure.
enum Requirement {
    static let packages: [String: String] = [
        "containerd": "containerd", "ctr": "containerd", "docker-registry": "docker-registry", "skopeo": "skopeo",
        "buildah": "buildah", "podman": "podman", "umoci": "umoci", "curl": "curl", "ip": "iproute2", "tc": "iproute2",
        "htpasswd": "apache2-utils", "runc": "runc", "busybox": "busybox-static",
    ]

    static var isCI: Bool { ProcessInfo.processInfo.environment["CI"] == "true" }

    /// Whether a test that needs root and these programs can run here.
    static func met(_ programs: String...) -> Bool {
        guard getuid() == 0 else {
            print("skipped: needs root for network namespaces; run deploy/test as root")
            return false
        }
        let missing = programs.filter { program in
            !["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin"].contains {
                FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
            }
        }
        guard !missing.isEmpty else { return true }
        let names = missing.map { packages[$0] ?? $0 }.joined(separator: ", ")
        print("skipped: needs the packages \(names); deploy/test installs them")
        // In CI the test runs, and fails where the program is missing.
        return isCI
    }

    /// The program under test.
    static var shoal: String {
        if let path = ProcessInfo.processInfo.environment["SHOAL_BINARY"] { return path }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path
        return ["release", "debug"].map { "\(root)/.build/\($0)/shoal" }
            .first { FileManager.default.isExecutableFile(atPath: $0) } ?? "shoal"
    }
}
