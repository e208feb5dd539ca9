/// An entry of `runtime.containerd.namespaces`: an identifier as containerd takes it.
public struct ContainerdNamespace: Hashable, Sendable, CustomStringConvertible {
    /// containerd's own limit.
    private static let limit = 76

    /// The name.
    public let description: String

    /// Reads letters and digits, with single `.`, `-` and `_` between them.
    public init?(text: String) {
        let parts = text.utf8.split(omittingEmptySubsequences: false) { "._-".utf8.contains($0) }
        let isWord = parts.allSatisfy { part in
            !part.isEmpty
                && part.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"):
                        true
                    default: false
                    }
                }
        }
        guard isWord, text.utf8.count <= Self.limit else { return nil }
        description = text
    }
}

extension ContainerdNamespace: ConfigurationText {
    static var typeName: String { "namespace" }
    static var expectation: String { "a containerd namespace such as \"k8s.io\"" }
}
