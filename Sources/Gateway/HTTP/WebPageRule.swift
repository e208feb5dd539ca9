public import NIOHTTP1

/// Tells what a web page makes a browser ask: its script sends `Origin`, what it merely embeds (a picture, a frame) is asked for with
/// `Sec-Fetch-Site` (W3C Fetch Metadata). Nothing else that speaks to an agent sends either.
public enum WebPageRule {
    /// Why a request is not answered; nil: no page of another site has made it, as far as it says.
    public static func objection(to headers: HTTPHeaders) -> String? {
        if headers.contains(name: "Origin") {
            return "requests of web pages (with an Origin field) are not answered"
        }
        // `none`: somebody has typed the address.
        if let site = headers.first(name: "Sec-Fetch-Site"), site != "none", site != "same-origin" {
            return
                "requests that a web page of another site makes (Sec-Fetch-Site: \(site.prefix(16))) are not answered"
        }
        return nil
    }
}
