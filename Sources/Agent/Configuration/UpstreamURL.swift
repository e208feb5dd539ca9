import OCI

/// Where a registry is reached: `https://host[:port][/path]`, or `http://` where that is allowed.
public struct UpstreamURL: Hashable, Sendable, CustomStringConvertible {
    /// The URL without a slash at its end.
    public let description: String
    /// Whether it asks for a connection without TLS.
    public let isPlainHTTP: Bool
    /// Whether it stays on this machine.
    public let isLoopback: Bool

    /// Reads a URL. One with a user name or password in it is none: those have keys of their own.
    public init?(text: String) {
        let isPlain = text.hasPrefix("http://")
        guard isPlain || text.hasPrefix("https://") else { return nil }
        var rest = text.dropFirst(isPlain ? 7 : 8)
        while rest.hasSuffix("/") { rest.removeLast() }
        let authority = rest.prefix { $0 != "/" }
        guard rest.utf8.allSatisfy({ (0x21...0x7e).contains($0) }), !rest.contains(where: { "?#@\"\\".contains($0) }),
            let registry = try? RegistryName(authority)
        else { return nil }
        description = (isPlain ? "http://" : "https://") + rest
        isPlainHTTP = isPlain
        isLoopback = registry.isLoopback
    }
}

extension UpstreamURL: ConfigurationText {
    static var typeName: String { "URL" }
    static var expectation: String { "a URL such as \"https://registry.example.com\"" }

    static func parse(_ value: ConfigurationValue) throws(ValueFault) -> Self {
        if let url = Self(value) { return url }
        // What is not a URL may hold a password; it is not repeated.
        if case .string(let text) = value, text.contains("@") {
            throw ValueFault(
                code: .badValue,
                text: "must be a URL without credentials in it: use username and password_file for those")
        }
        throw fault(value)
    }
}
