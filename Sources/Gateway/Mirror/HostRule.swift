import NIOHTTP1
import OCI

/// Keeps web pages from driving the mirror: a page's script sends `Origin`, what a page merely embeds (a picture, a frame) is asked for
/// with `Sec-Fetch-Site` (W3C Fetch Metadata), and a page whose name was made to resolve to loopback (DNS rebinding) sends that name as
/// `Host`.
struct HostRule {
    /// Whether other hosts may use the mirror by whatever name they know it.
    var allowsRemote: Bool

    /// Why a request is denied; nil if it is not.
    func objection(to headers: HTTPHeaders) -> String? {
        if headers.contains(name: "Origin") {
            return "requests of web pages (with an Origin field) are not answered"
        }
        // `none`: somebody has typed the address.
        if let site = headers.first(name: "Sec-Fetch-Site"), site != "none", site != "same-origin" {
            return
                "requests that a web page of another site makes (Sec-Fetch-Site: \(site.prefix(16))) are not answered"
        }
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
