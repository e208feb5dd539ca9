import FoundationEssentials
import OCI
import SystemPackage

/// Where a registry is, and how it may be talked to.
struct Endpoint: Sendable, Equatable {
    var registry: RegistryName
    /// `https://host[:port][/path]` without a slash at the end.
    var base: URL
    /// An `[upstream]` table names the registry: its host may be on loopback.
    var isConfigured: Bool
    var allowsPlainHTTP: Bool
    var caFile: FilePath?

    /// - Throws: `.notAllowed` where the configuration does not let the agent go there.
    init(_ registry: RegistryName, _ table: UpstreamConfiguration.Registry?) throws(UpstreamError) {
        self.registry = registry
        isConfigured = table != nil
        caFile = table?.caFile
        let host = registry == .dockerHub ? "registry-1.docker.io" : registry.description
        var text = table?.url.flatMap { $0.isEmpty ? nil : $0 } ?? "\(table?.plainHTTP == true ? "http" : "https")://\(host)"
        while text.hasSuffix("/") { text.removeLast() }
        guard let base = URL(string: text), let scheme = base.scheme, scheme == "https" || scheme == "http",
            let name = base.host, !name.isEmpty, base.query == nil, base.user == nil
        else {
            throw UpstreamError(
                code: .notAllowed, message: "upstream \(registry): its url is no http or https URL; mend url in its [upstream] table",
                registry: registry)
        }
        self.base = base
        allowsPlainHTTP = table?.plainHTTP == true || (isConfigured && AddressRules.isLoopback(host: name))
        if scheme == "http", !allowsPlainHTTP {
            throw UpstreamError(
                code: .notAllowed,
                message: "upstream \(registry) would be asked over plain HTTP; allow it with plain_http = true in its table",
                registry: registry)
        }
        if !isConfigured, AddressRules.isForbidden(host: name) {
            throw UpstreamError(
                code: .notAllowed,
                message: "upstream \(registry) is on loopback or link-local; name it in an [upstream.\"\(registry)\"] table to allow it",
                registry: registry)
        }
    }

    /// A URL of the distribution API. The path is made of parsed names, so that nothing in it needs encoding.
    func url(_ path: String, query: [(name: String, value: String)] = []) -> String {
        var text = "\(base.absoluteString)/v2/\(path)"
        for (index, item) in query.enumerated() {
            text += "\(index == 0 ? "?" : "&")\(item.name)=\(Self.encoded(item.value))"
        }
        return text
    }

    static func encoded(_ text: String) -> String {
        let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
        return text.utf8.reduce(into: "") { result, byte in
            if plain.contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let hex = String(byte, radix: 16, uppercase: true)
                result += "%" + (hex.count == 1 ? "0" + hex : hex)
            }
        }
    }
}

/// Scheme, host and port: what a credential or a permission is bound to (RFC 9110 §4.3.1).
struct WebOrigin: Hashable, Sendable {
    var scheme: String
    var host: String
    var port: Int

    init?(_ url: URL) {
        guard let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https", let host = url.host, !host.isEmpty
        else { return nil }
        self.scheme = scheme
        self.host = host.lowercased()
        port = url.port ?? (scheme == "https" ? 443 : 80)
    }
}
