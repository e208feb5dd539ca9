import NIOHTTP1
import OCI

/// Keeps web pages from driving the mirror: what ``WebPageRule`` knows them by, and the `Host` of a page whose name was made to resolve to
/// loopback (DNS rebinding).
struct HostRule {
    /// Whether other hosts may use the mirror by whatever name they know it.
    var allowsRemote: Bool

    /// Why a request is denied; nil if it is not.
    func objection(to headers: HTTPHeaders) -> String? {
        if let objection = WebPageRule.objection(to: headers) { return objection }
        // The server has seen to it that HTTP/1.1 requests have one; no browser leaves it out.
        guard let host = headers.first(name: "Host"), !allowsRemote, !Self.isLoopback(host) else { return nil }
        return "the mirror answers to loopback names only, such as localhost; set mirror.allow_remote to change that"
    }

    /// Whether a `Host` is `localhost` or a loopback address, with or without port.
    static func isLoopback(_ host: String) -> Bool {
        guard let name = try? RegistryName(host), name.isLoopback else { return false }
        // Of names just the one: those below it are made up by whoever likes.
        return !name.host.hasSuffix(".localhost")
    }
}
