import FoundationEssentials
import OCI
import SystemPackage

/// Where a registry is, and how it may be talked to.
struct Endpoint: Sendable, Equatable {
    let registry: RegistryName
    /// `https://host[:port][/path]` without a slash at the end.
    let base: URL
    let origin: WebOrigin
    let caFile: FilePath?
    /// An `[upstream]` table names the registry: its host may be on loopback.
    private let isConfigured: Bool
    private let plainHTTP: Bool

    /// - Throws: `.notAllowed` where the configuration does not let the agent go there.
    init(_ registry: RegistryName, _ table: UpstreamConfiguration.Registry?) throws(UpstreamError) {
        func refusal(_ why: String) -> UpstreamError {
            UpstreamError(code: .notAllowed, message: "upstream \(registry) \(why)", registry: registry)
        }
        self.registry = registry
        isConfigured = table != nil
        plainHTTP = table?.plainHTTP ?? false
        caFile = table?.caFile
        var text = ""
        if let url = table?.url, !url.isEmpty {
            text = url
        } else {
            let host = registry == .dockerHub ? "registry-1.docker.io" : registry.description
            text = "\(plainHTTP ? "http" : "https")://\(host)"
        }
        while text.hasSuffix("/") { text.removeLast() }
        guard let base = URL(string: text), let origin = WebOrigin(base), base.query == nil, base.fragment == nil,
            base.user == nil, base.password == nil
        else {
            throw refusal("has a url that is not https://host[:port][/path]; mend url in its [upstream] table")
        }
        self.base = base
        self.origin = origin
        if origin.scheme == "http", !allowsPlainHTTP(to: origin) {
            throw refusal("would be asked over plain HTTP; allow it with plain_http = true in its [upstream] table")
        }
        if !isNamed(origin), AddressRules.isForbidden(host: origin.host) {
            throw refusal("is on loopback or link-local; allow it with an [upstream.\"\(registry)\"] table")
        }
    }

    /// Whether this is the host that the operator wrote down for the registry, wherever it may be.
    func isNamed(_ target: WebOrigin) -> Bool { isConfigured && target.host == origin.host }

    /// Plain HTTP is for where the operator wants it, and for this machine, if the operator named it.
    func allowsPlainHTTP(to target: WebOrigin) -> Bool {
        plainHTTP || (isNamed(target) && AddressRules.isLoopback(host: target.host))
    }

    /// A URL of the distribution API. The path is made of OCI's parsed values, whose grammars have nothing that needs encoding.
    func url(_ path: String, query: [(name: String, value: String)] = []) -> URL? {
        URL(string: "\(base.absoluteString)/v2/\(path)" + (query.isEmpty ? "" : "?" + Self.form(query)))
    }

    /// `name=value&…`, for queries and for forms.
    static func form(_ items: [(name: String, value: String)]) -> String {
        items.map { "\($0.name)=\(PercentCoding.encode($0.value))" }.joined(separator: "&")
    }
}
