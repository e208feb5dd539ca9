import FoundationEssentials

/// Scheme, host and port: what a credential or a permission is bound to (RFC 9110 §4.3.1).
struct WebOrigin: Hashable, Sendable {
    /// `http` or `https`.
    var scheme: String
    /// In lower case; an IPv6 address without brackets.
    var host: String
    var port: Int

    /// Nil where the URL leads elsewhere than to HTTP, or to no host.
    init?(_ url: URL) {
        guard let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https", let name = url.host
        else { return nil }
        let host = name.hasPrefix("[") && name.hasSuffix("]") ? name.dropFirst().dropLast() : name[...]
        guard !host.isEmpty else { return nil }
        self.scheme = scheme
        self.host = host.lowercased()
        port = url.port ?? (scheme == "https" ? 443 : 80)
    }
}
