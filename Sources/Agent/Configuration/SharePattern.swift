public import OCI

/// Names repositories of registries and of the local namespace: `registry/repository`, where `*` stands for any text, slashes included.
///
/// `docker.io/library/*`, `ghcr.io/team/*`, `*.example.com/*`, `localhost:5050/team/*`, `*`.
public struct SharePattern: Hashable, Sendable, CustomStringConvertible {
    /// The pattern as it was written.
    public let description: String

    private static let star = UInt8(ascii: "*")
    private static let limit = 512

    /// Reads a pattern; the registry and the repository are both named, if only by `*`.
    public init?(text: String) {
        let bytes = text.utf8
        let allowed = bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), Self.star,
                UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "["),
                UInt8(ascii: "]"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
        guard allowed, bytes.count <= Self.limit, text == "*" || text.contains("/"), !text.hasPrefix("/"),
            !text.hasSuffix("/")
        else { return nil }
        description = text
    }

    /// Whether the pattern names this repository.
    public func matches(_ origin: Origin) -> Bool { matches(origin.description) }

    /// Whether the pattern names this repository of the local namespace, in any of the spellings that mean it.
    public func matches(local repository: RepositoryName) -> Bool {
        ImageReference.localRegistries.contains { matches("\($0)/\(repository)") }
    }

    /// Goes back to the last `*` only, so that a pattern of many stars costs no more than pattern times text.
    func matches(_ text: String) -> Bool {
        let pattern = Array(description.utf8)
        let text = Array(text.utf8)
        var (p, t) = (0, 0)
        var retry: (pattern: Int, text: Int)?
        while t < text.count {
            if p < pattern.count, pattern[p] == Self.star {
                retry = (p, t)
                p += 1
            } else if p < pattern.count, pattern[p] == text[t] {
                p += 1
                t += 1
            } else if let last = retry {
                retry = (last.pattern, last.text + 1)
                p = last.pattern + 1
                t = last.text + 1
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == Self.star }
    }
}

extension SharePattern: ConfigurationText {
    static var typeName: String { "pattern" }
    static var expectation: String {
        "a pattern registry/repository in lower case such as \"docker.io/library/*\", or \"*\""
    }
}
